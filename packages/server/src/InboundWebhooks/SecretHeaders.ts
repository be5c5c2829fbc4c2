/**
 * Headers that hold credentials of a sender, or of a proxy on the way, in lower case. They are not kept, whatever the
 * scheme, and nothing that is kept is read from them.
 */
export const secretHeaders: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "proxy-authorization",
  "x-api-key",
  "api-key",
  "apikey",
  "x-auth-token",
  "x-access-token",
  "x-gitlab-token",
  "x-telegram-bot-api-secret-token",
  "x-goog-channel-token",
  "x-amz-security-token",
  "x-shopify-access-token",
  "cf-access-jwt-assertion",
  "cf-access-client-secret",
  "x-goog-iap-jwt-assertion"
])
