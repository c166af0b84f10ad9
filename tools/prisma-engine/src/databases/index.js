// The databases by the names that a datasource gives them.

import { prismaErrorOf, PrismaError } from './errors.js'

const OPENERS = {
  sqlite: async (source) => (await import('./sqlite.js')).openSQLite(source),
  postgresql: async (source) => (await import('./postgresql.js')).openPostgreSQL(source),
  mysql: async (source) => (await import('./mysql.js')).openMySQL(source),
}

/**
 * Open the database of a datasource and make sure that it answers. Return its driver adapter, `connections()`,
 * which counts those that are open and idle, and of a server the `host`, `port`, `database` and `user` that errors name.
 */
export async function openDatabase(source) {
  const open = OPENERS[source.provider]
  if (!open) throw new PrismaError('P1012', `no support for the provider "${source.provider}"`)
  const database = await open(source)
  try {
    await database.check()
  } catch (error) {
    const { code, message, meta } = prismaErrorOf(error, database)
    throw new PrismaError(code, message, meta)
  }
  return database
}
