/** House rules that the linter has no built-in form for. Plain JavaScript, because it is loaded as it is. */
import { isBuiltin } from "node:module"
import path from "node:path"

/** Which package may import which; `portable` ones run in a browser too, `libraries` lists all a package may use. */
const packages = {
  domain: { imports: [], portable: true, libraries: ["effect"] },
  client: { imports: ["domain"], portable: true },
  providers: { imports: ["domain"] },
  server: { imports: ["domain", "providers"] }
}

/** The command line speaks HTTP like any other consumer; tests watch the service from outside. */
const mayUseClient = /^server\/(?:src\/Cli(?:\.ts$|\/)|test\/)/

const root = path.resolve(import.meta.dirname, "../packages")

/** `domain/src/Tenant.ts` for a file of a package, undefined for a file outside of them. */
const placeOf = (file) => {
  const place = path.relative(root, file).split(path.sep).join("/")
  return place.startsWith("../") ? undefined : place
}

/** What is wrong with importing `specifier` in the file at `filename`, or undefined. */
const fault = (filename, specifier) => {
  const place = placeOf(filename)
  const [own, folder] = place?.split("/") ?? []
  if (specifier.startsWith(".")) {
    const target = placeOf(path.resolve(path.dirname(filename), specifier))
    if (target === undefined)
      return folder === "src" ? "a package's sources import nothing outside of packages/" : undefined
    if (target.split("/")[0] !== own) return "import another package by its name (@do-integrations/...)"
    return folder === "src" && target.split("/")[1] !== "src" ? "sources import no tests" : undefined
  }
  if (own === undefined) return undefined
  const rule = packages[own]
  if (rule === undefined) return `give packages/${own} its arrows in tools/houseRules.js first`
  const other = /^@do-integrations\/([^/]+)/.exec(specifier)?.[1]
  if (other === own) return "import your own package by a relative path"
  if (other !== undefined) {
    const allowed = rule.imports.includes(other) || (other === "client" && mayUseClient.test(place))
    return allowed
      ? undefined
      : `${own} must not import ${other}: domain <- providers <- server, domain <- client`
  }
  if (folder !== "src") return undefined
  if (rule.portable && isBuiltin(specifier)) return `${own} runs anywhere: no Node built-ins`
  return rule.libraries?.some((name) => specifier === name || specifier.startsWith(`${name}/`)) === false
    ? `${own} imports only ${rule.libraries.join(", ")}`
    : undefined
}

/** Imports follow the arrows between packages, in every form an import can take. */
const importDirection = {
  create(context) {
    const check = (node) => {
      const specifier = node?.value ?? node?.quasis?.[0].value.cooked
      const message = typeof specifier === "string" ? fault(context.filename, specifier) : undefined
      if (message !== undefined) context.report({ node, message })
    }
    return {
      ImportDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      TSImportType: (node) => check(node.source)
    }
  }
}

const exception = /^\s*(?:oxlint-disable|@effect-diagnostics)/
const explained = /\s--\s*\S/

/** A comment that switches a rule off says why in the same comment: `-- reason`. */
const explainedException = {
  create: (context) => ({
    Program() {
      for (const comment of context.sourceCode.getAllComments()) {
        if (exception.test(comment.value) && !explained.test(comment.value)) {
          context.report({
            loc: comment.loc,
            message: "Say why this is an exception: end the comment with `-- reason`."
          })
        }
      }
    }
  })
}

export default {
  meta: { name: "house" },
  rules: { "import-direction": importDirection, "explained-exception": explainedException }
}
