// The metrics of the connection pool, under the names that the native engine gives them. It has no others.

const GAUGES = [
  ['prisma_pool_connections_busy', 'Number of pool connections that are in use', ({ open, idle }) => open - idle],
  ['prisma_pool_connections_idle', 'Number of pool connections that are not in use', ({ idle }) => idle],
  ['prisma_pool_connections_open', 'Number of pool connections that are open', ({ open }) => open],
]

/** Return `{ status, body }` for a request with the labels in its body; there is no other format than JSON. */
export function metricsOf(connections, url, body) {
  if (!url.endsWith('?format=json')) return { status: 501, body: '"this engine has metrics as JSON only"' }
  const labels = body ? JSON.parse(body) : {}
  const gauges = GAUGES.map(([key, description, value]) => ({ key, labels, value: value(connections), description }))
  return { status: 200, body: JSON.stringify({ counters: [], gauges, histograms: [] }) }
}
