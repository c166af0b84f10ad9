// What the drivers of all databases share: results as the engine reads them, and how errors reach it.

import { err, ok } from '@prisma/driver-adapter-utils'

export { ColumnTypeEnum as Column, err, ok } from '@prisma/driver-adapter-utils'

/** Errors that the engine never asks for, such as those of a rollback, must not pile up. */
const KEPT_ERRORS = 100

/**
 * Return a driver adapter as the engine wants it, whose methods never throw, and what gives its errors back, once each.
 * Prisma's own `bindAdapter` keeps every error for ever.
 */
export function bind(adapter) {
  const errors = new Map()
  let next = 0

  function keep(error) {
    errors.set(next, error)
    errors.delete(next - KEPT_ERRORS)
    return err({ kind: 'GenericJs', id: next++ })
  }

  const guarded =
    (target, method) =>
    async (...given) => {
      try {
        return await target[method](...given)
      } catch (error) {
        return keep(error)
      }
    }

  const bound = (target) => ({
    provider: target.provider,
    adapterName: target.adapterName,
    options: target.options,
    queryRaw: guarded(target, 'queryRaw'),
    executeRaw: guarded(target, 'executeRaw'),
  })

  const boundTransaction = (transaction) => ({
    ...bound(transaction),
    commit: guarded(transaction, 'commit'),
    rollback: guarded(transaction, 'rollback'),
  })

  const startTransaction = guarded(adapter, 'startTransaction')
  const result = {
    ...bound(adapter),
    startTransaction: async () => (await startTransaction()).map(boundTransaction),
    ...(adapter.getConnectionInfo && { getConnectionInfo: () => adapter.getConnectionInfo() }),
  }

  function consumeError(id) {
    const error = errors.get(id)
    errors.delete(id)
    return error ?? new Error('unknown error of the database driver')
  }

  return { adapter: result, consumeError }
}

/**
 * Return a transaction that gives its connection back by `release`, once. The engine calls `commit` after the statement
 * COMMIT, and `rollback` after ROLLBACK or when it drops a transaction in which one of them has failed.
 */
export function transactionOn(queryable, release) {
  let open = true

  async function end() {
    if (open) release()
    open = false
    return ok(undefined)
  }

  return { ...queryable, options: { usePhantomQuery: false }, commit: end, rollback: end }
}
