// The HTTP routes of the query-engine binary that prisma-client-py uses.

import { createServer } from 'node:http'

import { metricsOf } from './metrics.js'

const TRANSACTION = /^\/transaction\/([^/]+)\/(commit|rollback)$/

/** Serve `engine` and the metrics of `database`; return when connections are accepted. */
export async function listen(engine, database, { host, port }) {
  const server = createServer((request, response) => {
    answer(engine, database, request, response).catch((error) => broken(response, error))
  })
  // Like the binary, never close a connection that the client keeps: it may be sending the next request just then.
  server.keepAliveTimeout = 0
  server.requestTimeout = 0
  server.headersTimeout = 0
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
}

async function answer(engine, database, request, response) {
  const { method, url } = request
  const body = await read(request).catch(() => null)
  if (body === null) return response.destroy() // the client left before it had asked
  if (method === 'GET' && url === '/status') return send(response, { status: 200, body: '{"status":"ok"}' })
  if (method === 'POST' && url === '/') {
    return send(response, await engine.query(JSON.parse(body), request.headers['x-transaction-id']))
  }
  if (method === 'POST' && url === '/transaction/start') {
    const started = await engine.start(JSON.parse(body))
    // Nobody would ever end a transaction whose client has left before it heard the id.
    if (started.id && request.socket.destroyed) return engine.rollback(started.id)
    return send(response, started)
  }
  const [, id, command] = (method === 'POST' && TRANSACTION.exec(url)) || []
  if (command) return send(response, await engine[command](id))
  if (url.startsWith('/metrics')) return send(response, metricsOf(database.connections(), url, body))
  return send(response, { status: 404, body: '' })
}

function send(response, { status, body }) {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

async function read(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/** After a panic the WebAssembly engine answers nothing any more: end, so that clients see a dead engine. */
function broken(response, error) {
  const message = String(error.stack ?? error)
  process.stderr.write(JSON.stringify({ is_panic: true, message }) + '\n')
  if (!response.headersSent) send(response, { status: 500, body: JSON.stringify({ is_panic: true, message: error.message }) })
  if (error instanceof WebAssembly.RuntimeError) response.once('close', () => process.exit(1))
}
