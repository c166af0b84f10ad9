// Prisma's own parameters of a server's URL, with the values that the native engine takes where they are missing.

import { availableParallelism } from 'node:os'

const PRISMAS_OWN = [
  ...['connection_limit', 'pool_timeout', 'connect_timeout', 'socket_timeout', 'schema', 'pgbouncer', 'options'],
  ...['statement_cache_size', 'sslaccept', 'sslidentity', 'sslpassword', 'sslcert', 'socket'],
]

/** Split a URL: `{ url, given, limit, poolSeconds, connectSeconds }`, without Prisma's own parameters in `url`. */
export function readUrl(text) {
  const url = new URL(text)
  const given = Object.fromEntries(url.searchParams)
  for (const name of PRISMAS_OWN) url.searchParams.delete(name)
  return {
    url,
    given,
    limit: seconds(given.connection_limit, availableParallelism() * 2 + 1),
    poolSeconds: seconds(given.pool_timeout, 10),
    connectSeconds: seconds(given.connect_timeout, 5),
  }
}

function seconds(text, otherwise) {
  return text === undefined ? otherwise : Number(text)
}
