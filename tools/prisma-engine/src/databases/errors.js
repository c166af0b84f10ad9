// Errors of a connection, as Prisma's native engine names them. What a database says about a statement goes to the
// engine, which names it itself.

const UNREACHABLE = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'ENOENT'])
const CLOSED = new Set(['ECONNRESET', 'EPIPE', 'PROTOCOL_CONNECTION_LOST', 'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR'])

/** The server itself says that it closes the connection, or does not take one yet. */
const GOING = new Set(['57P01', '57P02', '57P05', 1053, 1927, 4031])
const COMING = new Set(['57P03', '53300', 1040])

const DENIED = new Set(['28000', '28P01', 1045])
const NO_DATABASE = new Set(['3D000', 1049])

/** An error that already has its code and message. */
export class PrismaError extends Error {
  constructor(code, message, meta = {}) {
    super(message)
    this.prisma = { code, message, meta }
  }
}

/** Tell whether an error is about the connection and not about the statement. */
export function isConnectionError(error) {
  const code = error.errno > 0 ? error.errno : error.code
  return CLOSED.has(error.code) || UNREACHABLE.has(error.code) || GOING.has(code) || COMING.has(code)
}

/** Return `{ code, message, meta }` for an error of a driver. */
export function prismaErrorOf(error, { host = '', port = '', database = '', user = '' }) {
  if (error.prisma) return error.prisma
  const code = error.errno > 0 ? error.errno : error.code
  if (UNREACHABLE.has(error.code) || COMING.has(code) || error.errors?.some(({ code }) => UNREACHABLE.has(code))) {
    return {
      code: 'P1001',
      message:
        `Can't reach database server at \`${host}:${port}\`\n\n` +
        `Please make sure your database server is running at \`${host}:${port}\`.`,
      meta: { database_host: host, database_port: port },
    }
  }
  if (DENIED.has(code)) {
    const message = `Authentication failed against database server at \`${host}\`, the provided database credentials for \`${user}\` are not valid.\n\nPlease make sure to provide valid database credentials for the database server at \`${host}\`.`
    return { code: 'P1000', message, meta: { database_host: host, database_user: user } }
  }
  if (NO_DATABASE.has(code)) {
    const message = `Database \`${database}\` does not exist on the database server at \`${host}:${port}\`.`
    return { code: 'P1003', message, meta: { database_name: database } }
  }
  if (isConnectionError(error) || /^Connection terminated|closed state|Client has encountered/.test(error.message)) {
    return { code: 'P1017', message: 'Server has closed the connection.', meta: {} }
  }
  return { code: 'P2036', message: `Error in connector: ${error.message}`, meta: {} }
}

/** Return the error for a pool in which no connection came free in time. */
export function poolTimeout({ limit, seconds }) {
  return new PrismaError(
    'P2024',
    'Timed out fetching a new connection from the connection pool. ' +
      `(Current connection pool timeout: ${seconds}, connection limit: ${limit})`,
    { connection_limit: limit, timeout: seconds },
  )
}
