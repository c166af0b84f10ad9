// PostgreSQL: Prisma's own adapter on the driver pg, with what it leaves out.

import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'

import { ok, transactionOn } from './driver.js'
import { isConnectionError, poolTimeout } from './errors.js'
import { readUrl } from './pool.js'

const JSON_ARRAYS = [199, 3807]

// The engine reads the items of a list of Json as text; pg would parse them.
for (const type of JSON_ARRAYS) pg.types.setTypeParser(type, (text) => pg.types.arrayParser.create(text, String).parse())

export async function openPostgreSQL(source) {
  const { url, given, limit, poolSeconds, connectSeconds } = readUrl(source.url)
  const schema = given.schema ?? 'public'
  // Prisma's adapter drops the zone of a timestamptz: it must be UTC.
  const options = `-c TimeZone=UTC -c search_path=${`"${schema}"`.replace(/[\\ ]/g, '\\$&')} ${given.options ?? ''}`
  const pool = new pg.Pool({
    connectionString: url.href,
    max: limit,
    connectionTimeoutMillis: 1000 * poolSeconds,
    idleTimeoutMillis: 0,
    options,
  })
  // A connection may break while nobody waits for it: without a listener Node.js would end.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))

  const official = new PrismaPg(pool, { schema })

  /** Run what waits for a connection of the pool. */
  async function waiting(run) {
    try {
      return await run()
    } catch (error) {
      const inTime = error.message !== 'timeout exceeded when trying to connect'
      throw inTime ? error : poolTimeout({ limit, seconds: poolSeconds })
    }
  }

  /** The pool's own `query` closes a connection whose statement the server refused, be it for a value that is taken. */
  const lending = {
    async query(...statement) {
      const client = await pool.connect()
      let broken
      try {
        return await client.query(...statement)
      } catch (error) {
        broken = error.severity !== 'ERROR' // a server that says it in another language gets a new connection
        throw error
      } finally {
        client.release(broken)
      }
    },
  }

  function queryableOn(client) {
    const own = Object.create(official, { client: { value: client } })
    const run = (method) => async (query) => {
      const result = await waiting(() => own[method](query))
      if (result.ok || !isConnectionError(result.error)) return result
      throw Object.assign(new Error(result.error.message), { code: result.error.code })
    }
    const { provider, adapterName } = official
    return { provider, adapterName, queryRaw: run('queryRaw'), executeRaw: run('executeRaw') }
  }

  async function startTransaction() {
    const client = await waiting(() => pool.connect())
    return ok(transactionOn(queryableOn(client), () => client.release()))
  }

  async function check() {
    const client = new pg.Client({ connectionString: url.href, connectionTimeoutMillis: 1000 * connectSeconds })
    client.on('error', () => {})
    await client.connect()
    await client.end()
  }

  return {
    adapter: { ...queryableOn(lending), startTransaction, getConnectionInfo: () => official.getConnectionInfo() },
    check,
    connections: () => ({ open: pool.totalCount, idle: pool.idleCount }),
    host: url.hostname || given.host || 'localhost',
    port: Number(url.port) || 5432,
    database: decodeURIComponent(url.pathname.slice(1)),
    user: decodeURIComponent(url.username),
  }
}
