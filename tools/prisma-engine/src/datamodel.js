// What the engine must know of a schema.prisma beside what Prisma's own code reads from it: where the database is, and
// which fields hold JSON. The text has passed `prisma generate`, so it is well-formed.

import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'

const BLOCK = /^[ \t]*(datasource|model|type|view)[ \t]+(\w+)[ \t]*\{(.*?)^[ \t]*\}/gms
const FIELD = /^[ \t]*(\w+)[ \t]+(\w+)(\[\])?/gm

/** Return the schema's text, its models, and its datasource with the URL that is to be used. */
export function readDatamodel(env) {
  const path = env.PRISMA_DML_PATH
  const text = path ? readFileSync(path, 'utf8') : decoded(env.PRISMA_DML ?? '')
  if (!text) throw new Error('no schema: set PRISMA_DML_PATH to the path of a schema.prisma')
  const blocks = [...withoutComments(text).matchAll(BLOCK)]
  const source = blocks.find(([, kind]) => kind === 'datasource')
  if (!source) throw new Error('the schema has no datasource')
  return { text, models: modelsOf(blocks), source: sourceOf(source, path ? dirname(path) : process.cwd(), env) }
}

/** Map each model to its fields, and each field to `{ type, list }`. */
function modelsOf(blocks) {
  const models = new Map()
  for (const [, kind, name, body] of blocks) {
    if (kind === 'datasource') continue
    const fields = new Map()
    for (const [, field, type, list] of body.matchAll(FIELD)) fields.set(field, { type, list: Boolean(list) })
    models.set(name, fields)
  }
  return models
}

function sourceOf([, , name, body], folder, env) {
  const provider = /^[ \t]*provider[ \t]*=[ \t]*"(\w+)"/m.exec(body)?.[1]
  const written = /^[ \t]*url[ \t]*=[ \t]*(?:env\([ \t]*"(\w+)"[ \t]*\)|("(?:[^"\\]|\\.)*"))/m.exec(body)
  const overrides = env.OVERWRITE_DATASOURCES ? JSON.parse(decoded(env.OVERWRITE_DATASOURCES)) : []
  const override = overrides.find((one) => one.name === name)?.url
  const url = override || (written?.[1] ? env[written[1]] : written && JSON.parse(written[2]))
  if (!url) throw prismaError('P1012', `Environment variable not found: ${written?.[1]}.`)
  return { provider: provider === 'postgres' ? 'postgresql' : provider, url, folder }
}

/** Blank comments out: `//` inside a string is none. */
function withoutComments(text) {
  return text.replace(/("(?:[^"\\\n]|\\.)*")|\/\/[^\n]*/g, (_, string) => string ?? '')
}

/** The binary takes JSON and schemas plainly or in base64. */
function decoded(text) {
  return /^[\s[]|[{\n]/.test(text) ? text : Buffer.from(text, 'base64').toString('utf8')
}

function prismaError(code, message) {
  return Object.assign(new Error(message), { prisma: { code, message } })
}
