// The GraphQL that prisma-client-py writes, as the JSON protocol that the WebAssembly engine reads.
//
// prisma-client-py writes every value as a JSON literal, so literals are copied as text: no number or escape changes.
// Json fields are the exception: their value is a string of JSON text in GraphQL, and must be tagged in the JSON
// protocol, or the engine stores it as a JSON string.

const TOKEN = /[\s,]*(?:([_A-Za-z]\w*)|(")|(-?\d[\d.eE+-]*)|([{}()[\]:]))/y

const ACTION =
  /^(findUnique|findFirst|findMany|aggregate|groupBy|createOne|createMany|updateOne|updateMany|deleteOne|deleteMany|upsertOne)(\w+?)(OrThrow)?$/

const RAW = new Set(['queryRaw', 'executeRaw'])

/** Keys of a filter or update of a Json field whose values are JSON too. */
const JSON_OPERATORS = new Set([
  ...['equals', 'not', 'set', 'push', 'lt', 'lte', 'gt', 'gte'],
  ...['array_contains', 'array_starts_with', 'array_ends_with'],
])

/** Keys of a relation whose value holds arguments (`where`, `data`, ...), not fields. */
const NESTED_OPERATIONS = new Set(['upsert', 'connectOrCreate', 'updateMany', 'createMany'])

export class GraphQLError extends Error {}

/** Return `{ text, root, raw }`: one query in the JSON protocol, its key in the response, whether its result is raw. */
export function translate(query, models) {
  const reader = new Reader(query)
  if (!['query', 'mutation'].includes(reader.name())) reader.refuse()
  reader.expect('{')
  let root = reader.name()
  if (reader.accept(':')) root = reader.name()
  const { action, model } = splitRoot(root, models)
  const fields = models.get(model)
  const scope = fields && { kind: 'arguments', fields }
  const given = reader.accept('(') ? writeObject(reader, ')', scope, models) : '{}'
  const selection = reader.accept('{') ? writeSelection(reader, fields, models) : '{}'
  reader.expect('}')
  const modelName = model ? `"modelName":"${model}",` : ''
  const text = `{${modelName}"action":"${action}","query":{"arguments":${given},"selection":${selection}}}`
  return { text, root, raw: RAW.has(root) }
}

function splitRoot(root, models) {
  if (RAW.has(root)) return { action: root, model: '' }
  const [, action, name, orThrow = ''] = ACTION.exec(root) ?? []
  if (models.has(name + orThrow)) return { action, model: name + orThrow }
  if (models.has(name)) return { action: action + orThrow, model: name }
  throw new GraphQLError(`no such query: ${root}`)
}

function writeSelection(reader, fields, models) {
  const parts = []
  while (!reader.accept('}')) {
    const name = reader.name()
    const nested = models.get(fields?.get(name)?.type)
    const scope = nested && { kind: 'arguments', fields: nested }
    const given = reader.accept('(') ? writeObject(reader, ')', scope, models) : null
    const selection = reader.accept('{') ? writeSelection(reader, nested, models) : null
    const value = given ? `{"arguments":${given},"selection":${selection ?? '{}'}}` : selection && `{"selection":${selection}}`
    parts.push(`"${name}":${value ?? 'true'}`)
  }
  return `{${parts.join(',')}}`
}

/** Write the pairs up to `end`. A scope says what the keys are: arguments, fields, a relation's or Json operators. */
function writeObject(reader, end, scope, models) {
  const parts = []
  while (!reader.accept(end)) {
    const key = reader.key()
    reader.expect(':')
    parts.push(`"${key}":${writeValue(reader, inner(scope, key, models), models)}`)
  }
  return `{${parts.join(',')}}`
}

function writeValue(reader, scope, models) {
  if (reader.accept('{')) return writeObject(reader, '}', scope, models)
  if (reader.accept('[')) {
    const items = []
    while (!reader.accept(']')) items.push(writeValue(reader, scope, models))
    return `[${items.join(',')}]`
  }
  const literal = reader.literal()
  return scope?.kind === 'json' && literal[0] === '"' ? `{"$type":"Json","value":${literal}}` : literal
}

function inner(scope, key, models) {
  switch (scope?.kind) {
    case 'arguments':
      return { kind: 'fields', fields: scope.fields }
    case 'fields': {
      const field = scope.fields.get(key)
      if (!field) return scope // AND, OR, NOT, or the name of a compound unique
      if (field.type === 'Json') return { kind: 'json' }
      const fields = models.get(field.type)
      return fields && { kind: 'relation', fields, list: field.list }
    }
    case 'relation': {
      const nested = NESTED_OPERATIONS.has(key) || (key === 'update' && scope.list)
      return { kind: nested ? 'arguments' : 'fields', fields: scope.fields }
    }
    case 'json':
      return JSON_OPERATORS.has(key) ? scope : undefined
    default:
      return undefined
  }
}

class Reader {
  constructor(text) {
    this.text = text
    this.position = 0
    this.advance()
  }

  advance() {
    TOKEN.lastIndex = this.position
    this.token = TOKEN.exec(this.text)
    if (this.token?.[2]) this.takeString(TOKEN.lastIndex - 1)
    else if (this.token) this.position = TOKEN.lastIndex
    else if (this.text.slice(this.position).trim()) this.refuse()
  }

  /** No regular expression: on a string of megabytes it would run out of stack. */
  takeString(quote) {
    this.position = endOfString(this.text, quote) || this.refuse()
    this.token[2] = this.text.slice(quote, this.position)
  }

  take(group) {
    const found = this.token?.[group]
    if (found === undefined) this.refuse()
    this.advance()
    return found
  }

  name() {
    return this.take(1)
  }

  key() {
    return this.token?.[2] === undefined ? this.take(1) : JSON.parse(this.take(2))
  }

  literal() {
    const [, name, string, number] = this.token ?? []
    const found = string ?? number ?? (['true', 'false', 'null'].includes(name) ? name : undefined)
    if (found === undefined) this.refuse()
    this.advance()
    return found
  }

  accept(sign) {
    if (this.token?.[4] !== sign) return false
    this.advance()
    return true
  }

  expect(sign) {
    if (!this.accept(sign)) this.refuse()
  }

  refuse() {
    throw new GraphQLError(`the query cannot be read at character ${this.position}`)
  }
}

const TAG = '{"$type":"'

/**
 * Replace `{"$type":T,"value":V}` by V in a response's text. Inside a JSON string the tag's quotes would be escaped, so
 * that it cannot be met there.
 */
export function withoutTags(text) {
  let start = text.indexOf(TAG)
  if (start < 0) return text
  const parts = []
  let done = 0
  while (start >= 0) {
    const value = text.indexOf('"value":', start + TAG.length) + '"value":'.length
    const end = endOfString(text, value)
    parts.push(text.slice(done, start), text.slice(value, end))
    done = end + 1
    start = text.indexOf(TAG, done)
  }
  parts.push(text.slice(done))
  return parts.join('')
}

/** Return where the JSON string that begins at `quote` has ended, or 0 if it never does. */
function endOfString(text, quote) {
  let end = quote
  let backslashes
  do {
    end = text.indexOf('"', end + 1)
    if (end < 0) return 0
    backslashes = 0
    while (text[end - 1 - backslashes] === '\\') backslashes += 1
  } while (backslashes % 2 === 1)
  return end + 1
}
