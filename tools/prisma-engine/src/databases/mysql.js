// MySQL and MariaDB on the driver mysql2. Values are put into the statement's text, escaped: a prepared statement would
// bind every number as a double.

import mysql from 'mysql2/promise'

import { Column, err, ok, transactionOn } from './driver.js'
import { isConnectionError, poolTimeout } from './errors.js'
import { readUrl } from './pool.js'

const { Types } = mysql
const BINARY = 63

const COLUMNS = new Map([
  ...['TINY', 'SHORT', 'INT24', 'LONG', 'YEAR'].map((name) => [Types[name], Column.Int32]),
  [Types.LONGLONG, Column.Int64],
  [Types.FLOAT, Column.Float],
  [Types.DOUBLE, Column.Double],
  ...['DECIMAL', 'NEWDECIMAL'].map((name) => [Types[name], Column.Numeric]),
  ...['DATETIME', 'TIMESTAMP', 'DATETIME2', 'TIMESTAMP2'].map((name) => [Types[name], Column.DateTime]),
  ...['DATE', 'NEWDATE'].map((name) => [Types[name], Column.Date]),
  ...['TIME', 'TIME2'].map((name) => [Types[name], Column.Time]),
  [Types.JSON, Column.Json],
  ...['BIT', 'GEOMETRY'].map((name) => [Types[name], Column.Bytes]),
])

const UNSIGNED = 32

function columnOf({ columnType, characterSet, flags }) {
  const found = COLUMNS.get(columnType)
  if (found === Column.Int32 && columnType === Types.LONG && flags & UNSIGNED) return Column.Int64
  // what is left are texts, and blobs if they have no character set
  return found ?? (characterSet === BINARY ? Column.Bytes : Column.Text)
}

/** Return a value as the engine wants it: text, but floats as numbers and bytes as an array of numbers. */
function value(bytes, type) {
  if (bytes === null) return null
  if (type === Column.Bytes) return [...bytes]
  const text = bytes.toString('utf8')
  return type === Column.Float || type === Column.Double ? Number(text) : text
}

/** Escape what mysql2 would take for something else: bytes come as typed arrays. */
function argument(value) {
  return ArrayBuffer.isView(value) ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value
}

export async function openMySQL(source) {
  const { url, given, limit, poolSeconds, connectSeconds } = readUrl(source.url)
  const endpoint = {
    ...(given.socket ? { socketPath: given.socket } : { host: url.hostname, port: Number(url.port) || 3306 }),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
    charset: 'utf8mb4',
    connectTimeout: 1000 * connectSeconds,
    ...(given.sslaccept && { ssl: { rejectUnauthorized: given.sslaccept === 'strict' } }),
  }
  const settings = { dateStrings: true, supportBigNumbers: true, timezone: 'Z', flags: ['+FOUND_ROWS'] }
  const pool = mysql.createPool({ ...endpoint, ...settings, connectionLimit: limit, maxIdle: limit, queueLimit: 0 })
  pool.pool.on('connection', (connection) => {
    // A connection may break while nobody waits for it: without a listener Node.js would end.
    connection.on('error', () => {})
    connection.query("SET time_zone = '+00:00'")
  })

  /** Take a connection; one that comes free too late goes straight back. */
  async function take() {
    const taken = pool.getConnection()
    let timer
    const tooLate = new Promise((resolve) => (timer = setTimeout(resolve, 1000 * poolSeconds)))
    const connection = await Promise.race([taken, tooLate]).finally(() => clearTimeout(timer))
    if (connection) return connection
    taken.then(
      (late) => late.release(),
      () => {},
    )
    throw poolTimeout({ limit, seconds: poolSeconds })
  }

  async function run(connection, { sql, args }) {
    try {
      const [rows, fields] = await connection.query({
        sql,
        values: args.map(argument),
        rowsAsArray: true,
        typeCast: (field) => field.buffer(),
      })
      return ok({ rows, fields })
    } catch (error) {
      if (!error.sqlState || isConnectionError(error)) throw error
      return err({ kind: 'Mysql', code: error.errno, message: error.sqlMessage ?? error.message, state: error.sqlState })
    }
  }

  function queryableOn(perform) {
    return {
      provider: 'mysql',
      adapterName: 'kavach-mysql',
      async queryRaw(query) {
        return (await perform(query)).map(({ rows, fields }) => {
          if (!fields) return { columnNames: [], columnTypes: [], rows: [], lastInsertId: String(rows.insertId) }
          const columnTypes = fields.map(columnOf)
          return {
            columnNames: fields.map(({ name }) => name),
            columnTypes,
            rows: rows.map((row) => row.map((bytes, at) => value(bytes, columnTypes[at]))),
          }
        })
      },
      async executeRaw(query) {
        return (await perform(query)).map(({ rows }) => rows.affectedRows ?? 0)
      },
    }
  }

  async function performOnce(query) {
    const connection = await take()
    try {
      return await run(connection, query)
    } finally {
      connection.release()
    }
  }

  async function startTransaction() {
    const connection = await take()
    const queryable = queryableOn((query) => run(connection, query))
    return ok(transactionOn(queryable, () => connection.release()))
  }

  async function check() {
    const connection = await mysql.createConnection(endpoint)
    await connection.end()
  }

  return {
    // the engine writes the database's name before that of each table
    adapter: { ...queryableOn(performOnce), startTransaction, getConnectionInfo: () => ok({ schemaName: endpoint.database }) },
    check,
    connections: () => ({ open: pool.pool._allConnections.length, idle: pool.pool._freeConnections.length }),
    host: url.hostname,
    port: Number(url.port) || 3306,
    database: endpoint.database,
    user: endpoint.user,
  }
}
