// Prisma's own engine in WebAssembly: loads it, hands it a database, and completes what its WebAssembly form leaves out.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

import { bind } from './databases/driver.js'
import { prismaErrorOf } from './databases/errors.js'
import { GraphQLError, translate, withoutTags } from './graphql.js'

const require = createRequire(import.meta.url)
const runtime = join(dirname(require.resolve('@prisma/client/package.json')), 'runtime')

const TRACE = '{}'

/** Transactions whose id is remembered after their end, so that they are "closed" and not "not found". */
const REMEMBERED = 1000

/** Return `{ query, start, commit, rollback }`; each resolves to `{ status, body }` of an HTTP response. */
export async function startEngine(datamodel, database, { logQueries }) {
  const name = `query_engine_bg.${datamodel.source.provider}`
  const bindings = require(join(runtime, `${name}.js`))
  const wasm = readFileSync(join(runtime, `${name}.wasm`))
  const { instance } = await WebAssembly.instantiate(wasm, { './query_engine_bg.js': bindings })
  bindings.__wbg_set_wasm(instance.exports)

  const { adapter, consumeError } = bind(database.adapter)
  const settings = { datamodel: datamodel.text, logLevel: 'error', logQueries }
  const engine = new bindings.QueryEngine(settings, (line) => process.stdout.write(`${line}\n`), adapter)
  await engine.connect(TRACE)

  const started = new Set()

  function remember(id) {
    started.add(id)
    if (started.size > REMEMBERED) started.delete(started.values().next().value)
  }

  /** Name the error of the driver, which the engine knows only by a number. */
  function named(error) {
    if (error.error_code !== 'P2036') return error
    const found = prismaErrorOf(consumeError(error.meta.id), database)
    return { is_panic: false, message: found.message, meta: found.meta, error_code: found.code }
  }

  function namedErrors(answer) {
    for (const error of answer.errors ?? []) {
      const before = error.user_facing_error
      if (!before) continue
      error.user_facing_error = named(before)
      if (error.user_facing_error !== before) error.error = error.user_facing_error.message
    }
    return answer
  }

  async function single(request, transaction) {
    const { text, root, raw } = translate(request.query, datamodel.models)
    const answer = await engine.query(text, TRACE, transaction)
    const prefix = `{"data":{"${root}":`
    if (!answer.startsWith(prefix)) return JSON.stringify(namedErrors(JSON.parse(answer)))
    const result = answer.slice(prefix.length)
    return `{"data":{"result":${raw ? result : withoutTags(result)}`
  }

  async function batch(request, transaction) {
    const queries = request.batch.map((one) => translate(one.query, datamodel.models))
    const settings = request.transaction ? { isolationLevel: request.isolationLevel ?? null } : null
    const text = `{"batch":[${queries.map((one) => one.text).join(',')}],"transaction":${JSON.stringify(settings)}}`
    const answer = namedErrors(JSON.parse(withoutTags(await engine.query(text, TRACE, transaction))))
    for (const result of answer.batchResult ?? []) {
      namedErrors(result)
      if (result.data) result.data = { result: Object.values(result.data)[0] }
    }
    return JSON.stringify(answer)
  }

  async function query(request, transaction) {
    if (transaction && !started.has(transaction)) {
      const { message } = NOT_FOUND
      return { status: 200, body: JSON.stringify({ errors: [{ error: message, user_facing_error: NOT_FOUND }] }) }
    }
    try {
      return { status: 200, body: await (request.batch ? batch : single)(request, transaction) }
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error
      const told = { is_panic: false, message: error.message, meta: {}, error_code: 'P2009' }
      return { status: 200, body: JSON.stringify({ errors: [{ error: error.message, user_facing_error: told }] }) }
    }
  }

  /** The engine's answer to a command about a transaction, with the status that the binary gives it. */
  async function command(run) {
    const answer = JSON.parse(await run())
    const failed = answer.message !== undefined // an error that Prisma has no code for has a message all the same
    if (!failed) return { status: 200, body: JSON.stringify(answer), id: answer.id }
    const error = named(answer)
    return { status: statusOf(error), body: JSON.stringify(error) }
  }

  /** The WebAssembly engine does not look at max_wait: a transaction that starts too late is rolled back here. */
  async function start(request) {
    const { max_wait: maxWait = 2000, timeout = 5000, isolation_level: isolationLevel } = request
    const settings = { max_wait: maxWait, timeout, ...(isolationLevel && { isolation_level: isolationLevel }) }
    const begun = command(() => engine.startTransaction(JSON.stringify(settings), TRACE))
    begun.then(
      ({ id }) => id && remember(id),
      () => {},
    )
    let timer
    const tooLate = new Promise((resolve) => (timer = setTimeout(resolve, maxWait)))
    const first = await Promise.race([begun, tooLate])
    clearTimeout(timer)
    if (first) return first
    begun.then(({ id }) => id && rollback(id))
    return { status: 504, body: JSON.stringify(TOO_LATE) }
  }

  /** The WebAssembly engine panics at an id that it has not made. */
  async function ending(id, run) {
    return started.has(id) ? command(run) : { status: 404, body: JSON.stringify(NOT_FOUND) }
  }

  function commit(id) {
    return ending(id, () => engine.commitTransaction(id, TRACE))
  }

  function rollback(id) {
    return ending(id, () => engine.rollbackTransaction(id, TRACE))
  }

  return { query, start, commit, rollback }
}

function transactionError(reason) {
  const message = `Transaction API error: ${reason}`
  return { is_panic: false, message, meta: { error: reason }, error_code: 'P2028' }
}

const TOO_LATE = transactionError('Unable to start a transaction in the given time.')

const NOT_FOUND = transactionError(
  "Transaction not found. Transaction ID is invalid, refers to an old closed transaction Prisma doesn't have " +
    'information about anymore, or was obtained before disconnecting.',
)

function statusOf({ error_code: code, message }) {
  if (code !== 'P2028') return 500
  if (message.includes('Unable to start a transaction')) return 504
  if (message.includes('Transaction not found')) return 404
  return message.includes('Transaction already closed') ? 422 : 500
}
