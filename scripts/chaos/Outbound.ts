import type { Database } from "@do-integrations/server/Config"
import { Effect, Number } from "effect"
import * as Recorder from "../../bench/Recorder.ts"
import { median } from "../../bench/Statistics.ts"
import { endpoints } from "./Endpoints.ts"
import { judge, lostIn } from "./Judgement.ts"
import { repetitionsIn } from "./Repetitions.ts"
import type { Resumption } from "./Resumption.ts"
import * as Rounds from "./Rounds.ts"
import { everythingIn } from "./Tables.ts"

/** Events that are published and delivered while the service is killed. */
export const begin = Effect.fnUntraced(function* (database: Database) {
  const recorder = yield* Recorder.start(endpoints.map(({ behaviour }) => behaviour))
  const { account, finish, ledger, round, webhooks } = yield* Rounds.begin(database, recorder)
  const resumptions: Array<Resumption> = []
  const note = (resumption: Resumption | undefined) => {
    if (resumption !== undefined) resumptions.push(resumption)
  }

  return {
    round: (number: number) => Effect.map(round(number), note),
    finish: Effect.gen(function* () {
      note(yield* finish)
      const { perKill, regrouped } = repetitionsIn(account)
      judge(account, ledger, yield* everythingIn(database), webhooks)
      const worsts = resumptions.map(({ worst }) => worst)
      return {
        faults: account.faults,
        figures: {
          rounds: account.kills.length,
          accepted: ledger.events.size + ledger.messages.size,
          delivered: account.taken.size,
          lost: lostIn(account, ledger).length,
          duplicates: Number.sumAll(perKill),
          duplicatesPerKill: { median: median(perKill), most: Math.max(0, ...perKill) },
          regrouped,
          pendingAtKill: { median: median(resumptions.map(({ pending }) => pending)) },
          worstResumeMs: Math.round(Math.max(0, ...worsts)),
          medianResumeMs: Math.round(median(worsts)),
          resumedWithin2s: `${worsts.filter((worst) => worst <= 2000).length} of ${worsts.length}`
        }
      }
    })
  }
})
