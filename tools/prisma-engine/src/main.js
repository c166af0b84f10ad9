// The process: reads what prisma-client-py passes, opens the database, serves until it is told to stop.

import { parseArgs } from 'node:util'

import { openDatabase } from './databases/index.js'
import { readDatamodel } from './datamodel.js'
import { startEngine } from './engine.js'
import { listen } from './server.js'

const ORPHAN_CHECK_MS = 500

const { values: options } = parseArgs({
  args: process.argv.slice(2),
  options: { port: { type: 'string', short: 'p', default: '4466' }, host: { type: 'string', default: '127.0.0.1' } },
  strict: false, // the binary knows more options; all that prisma-client-py sets but the port changes nothing here
})

function fail(error) {
  const message = error.prisma?.message ?? error.message
  process.stderr.write(JSON.stringify({ is_panic: false, message, error_code: error.prisma?.code ?? '' }) + '\n')
  process.exit(1)
}

process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)

// Sockets are closed by the kernel: servers roll back what was open, and SQLite's journal does the same.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0))

// prisma-client-py stops the engine when Python exits, but not when Python is killed.
const parent = process.ppid
setInterval(() => process.ppid === parent || process.exit(0), ORPHAN_CHECK_MS).unref()

try {
  const datamodel = readDatamodel(process.env)
  const database = await openDatabase(datamodel.source)
  const engine = await startEngine(datamodel, database, { logQueries: Boolean(process.env.LOG_QUERIES) })
  await listen(engine, database, { host: options.host, port: Number(options.port) })
} catch (error) {
  fail(error)
}
