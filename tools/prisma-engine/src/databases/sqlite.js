// SQLite on the driver libsql, which is synchronous: nothing here may wait for a lock inside a call, or the transaction
// that holds it could never go on. What is locked is tried again, and writers of this process stand in a queue.

import { isAbsolute, join } from 'node:path'

import Database from 'libsql'

import { Column, err, ok, transactionOn } from './driver.js'
import { PrismaError } from './errors.js'

const BUSY = 5
const FIRST_PAUSE_MS = 1
const LONGEST_PAUSE_MS = 20
const IDLE_CONNECTIONS = 4

const DECLARED = [
  [Column.Int32, /^(TINYINT|SMALLINT|MEDIUMINT|INT|INTEGER|SERIAL|INT2)$/],
  [Column.Int64, /^(BIGINT|UNSIGNED BIG INT|INT8)$/],
  [Column.Boolean, /^BOOLEAN$/],
  [Column.Double, /^(FLOAT|DOUBLE|DOUBLE PRECISION|NUMERIC|REAL)$/],
  [Column.Numeric, /^DECIMAL/],
  [Column.DateTime, /^(DATETIME|TIMESTAMP)$/],
  [Column.Date, /^DATE$/],
  [Column.Bytes, /^BLOB$/],
  [Column.Text, /^(TEXT|CLOB|CHARACTER|VARCHAR|VARYING CHARACTER|NCHAR|NATIVE CHARACTER|NVARCHAR)/],
]

/** Return a column's type: the declared one, or that of its first value. */
function columnOf(declared, values) {
  const found = declared && DECLARED.find(([, pattern]) => pattern.test(declared.toUpperCase()))
  if (found) return found[0]
  switch (typeof values.find((value) => value !== null)) {
    case 'bigint':
    case 'undefined':
      return Column.Int64
    case 'number':
      return Column.Double
    case 'object':
      return Column.Bytes
    default:
      return Column.Text
  }
}

function value(found, type, name) {
  if (found === null) return null
  switch (type) {
    case Column.Int32:
      if (typeof found === 'bigint' && BigInt.asIntN(32, found) !== found) {
        throw new PrismaError(
          'P2023',
          `Inconsistent column data: Conversion failed: Value ${found} does not fit in an INT column, ` +
            `try migrating the '${name}' column type to BIGINT`,
        )
      }
      return Number(found)
    case Column.Int64:
    case Column.Numeric:
      return String(found)
    case Column.Double:
      return Number(found)
    case Column.Boolean:
      return Boolean(found)
    case Column.DateTime:
      return typeof found === 'bigint' ? new Date(Number(found)).toISOString() : found
    case Column.Date:
      return typeof found === 'bigint' ? new Date(Number(found)).toISOString().slice(0, 10) : found
    case Column.Bytes:
      return [...Buffer.from(found)]
    default:
      return String(found)
  }
}

/** libsql binds every number as a real, and ends the process at a boolean. */
function argument(given) {
  if (typeof given === 'boolean') return given ? 1n : 0n
  if (Number.isInteger(given) && Number.isSafeInteger(given)) return BigInt(given)
  return ArrayBuffer.isView(given) ? Buffer.from(given.buffer, given.byteOffset, given.byteLength) : given
}

function query(connection, { sql, args }) {
  const statement = connection.prepare(sql)
  if (!statement.reader) {
    const { lastInsertRowid } = statement.run(args.map(argument))
    return { columnNames: [], columnTypes: [], rows: [], lastInsertId: String(lastInsertRowid) }
  }
  const columns = statement.columns()
  const rows = statement.raw(true).all(args.map(argument))
  const types = columns.map(({ type }, at) => columnOf(type, rows.map((row) => row[at])))
  return {
    columnNames: columns.map(({ name }) => name),
    columnTypes: types,
    rows: rows.map((row) => row.map((found, at) => value(found, types[at], columns[at].name))),
  }
}

function execute(connection, { sql, args }) {
  const statement = connection.prepare(sql)
  return statement.reader ? statement.all(args.map(argument)).length : statement.run(args.map(argument)).changes
}

/** Call `run` until it is not refused because another connection holds a lock, for at most `patience` milliseconds. */
async function patiently(run, patience) {
  const until = performance.now() + patience
  for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
    try {
      return run()
    } catch (error) {
      if ((error.rawCode & 0xff) !== BUSY) throw error
      if (performance.now() > until) throw timedOut()
      await new Promise((resolve) => setTimeout(resolve, wait))
    }
  }
}

function timedOut() {
  const context = 'The database failed to respond to a query within the configured timeout'
  return new PrismaError('P1008', `Operations timed out after \`N/A\`. Context: ${context}`)
}

/** Return `turn(patience)`, which waits for the turn of a writer, first come, first served, and returns what ends it. */
function queue() {
  const waiting = []
  let taken = false

  function end() {
    const next = waiting.shift()
    if (next) next()
    else taken = false
  }

  function waited(patience) {
    return new Promise((resolve, reject) => {
      const begin = () => {
        clearTimeout(timer)
        resolve()
      }
      const giveUp = () => {
        waiting.splice(waiting.indexOf(begin), 1)
        reject(timedOut())
      }
      const timer = patience === Infinity ? undefined : setTimeout(giveUp, patience)
      waiting.push(begin)
    })
  }

  return async function turn(patience) {
    if (taken) await waited(patience)
    taken = true
    return end
  }
}

const READS = /^\s*(SELECT|VALUES|EXPLAIN)\b/i
const READS_OR_WRITES = /^\s*WITH\b/i
const WRITES = /\b(INSERT|UPDATE|DELETE|REPLACE)\b/i
const ALONE = /^\s*(PRAGMA|VACUUM|ATTACH|DETACH)\b/i

const reads = (sql) => READS.test(sql) || (READS_OR_WRITES.test(sql) && !WRITES.test(sql))

/** Begin a transaction that really holds its lock. */
function begin(connection, reading) {
  if (!reading) return connection.exec('BEGIN IMMEDIATE')
  connection.exec('BEGIN')
  try {
    connection.exec('SELECT 1 FROM sqlite_schema LIMIT 1')
  } catch (error) {
    connection.exec('ROLLBACK')
    throw error
  }
}

export async function openSQLite(source) {
  const [file, parameters] = source.url.replace(/^(file|sqlite):(\/\/(?=\/))?/, '').split('?')
  const path = isAbsolute(file) ? file : join(source.folder, file)
  const patience = 1000 * Number(new URLSearchParams(parameters).get('socket_timeout') ?? 5)
  const turn = queue()
  const idle = []
  let open = 0

  function take() {
    const found = idle.pop()
    if (found) return found
    const connection = new Database(path, { timeout: 0 })
    connection.defaultSafeIntegers(true)
    connection.exec('PRAGMA foreign_keys = ON')
    open += 1
    return connection
  }

  function giveBack(connection) {
    if (connection.inTransaction) connection.exec('ROLLBACK')
    if (idle.length < IDLE_CONNECTIONS) return idle.push(connection)
    open -= 1
    connection.close()
  }

  function queryableOn(run) {
    const attempt = (perform) => async (given) => {
      try {
        return ok(await run(perform, given))
      } catch (error) {
        if (typeof error.rawCode !== 'number') throw error
        return err({ kind: 'Sqlite', extendedCode: error.rawCode, message: error.message })
      }
    }
    return { provider: 'sqlite', adapterName: 'kavach-sqlite', queryRaw: attempt(query), executeRaw: attempt(execute) }
  }

  /**
   * Run one statement in a transaction of its own. libsql cannot reset a prepared statement that was refused for a lock,
   * and until it is collected as garbage its connection keeps locks: so locks are taken by `exec`, before.
   */
  async function single(perform, given) {
    const reading = reads(given.sql)
    const end = reading ? undefined : await turn(patience)
    try {
      const connection = take()
      try {
        if (ALONE.test(given.sql)) return await patiently(() => perform(connection, given), patience)
        await patiently(() => begin(connection, reading), patience)
        const result = perform(connection, given)
        await patiently(() => connection.exec('COMMIT'), patience)
        return result
      } finally {
        giveBack(connection)
      }
    } finally {
      end?.()
    }
  }

  async function startTransaction() {
    const end = await turn(Infinity) // how long this may take is for max_wait to say
    let connection
    try {
      connection = take()
    } catch (error) {
      end()
      throw error
    }

    function release() {
      giveBack(connection)
      end()
    }

    async function within(perform, given) {
      // As the native engine does: a transaction that reads first could not write later, if another has written.
      if (given.sql === 'BEGIN') await patiently(() => begin(connection, false), patience)
      else if (given.sql === 'COMMIT') await patiently(() => connection.exec('COMMIT'), patience)
      else if (given.sql === 'ROLLBACK') connection.exec('ROLLBACK')
      else return perform(connection, given)
      return 0
    }

    return ok(transactionOn(queryableOn(within), release))
  }

  return {
    adapter: { ...queryableOn(single), startTransaction },
    check: () => single(query, { sql: 'SELECT 1', args: [] }),
    connections: () => ({ open, idle: idle.length }),
  }
}
