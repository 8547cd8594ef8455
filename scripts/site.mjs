// Lays out target/site: every file under a name that holds its fingerprint, a brotli copy beside it, nothing stale.
// Called by scripts/front with dev or release and the folder wasm-bindgen wrote.
import { build } from 'esbuild'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { extname } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'

const [kind, wasmBindgen] = process.argv.slice(2)
const site = 'target/site'

const bundle = async (entry, options) => {
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, minify: true, write: false, logLevel: 'warning', ...options })
  return outputFiles[0].contents
}

// Best compression takes seconds a megabyte: too long for a WASM that no visitor will load.
const compress = (name, content) =>
  brotliCompressSync(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: kind === 'dev' && name.endsWith('.wasm') ? 4 : 11,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  })

const files = [
  ['rekey.js', await bundle(`${wasmBindgen}/rekey.js`, { format: 'esm' })],
  ['rekey_bg.wasm', readFileSync(`${wasmBindgen}/rekey_bg.wasm`)],
  ['main.css', await bundle('style/main.css')],
  ...readdirSync('public').map((name) => [name, readFileSync(`public/${name}`)]),
]

mkdirSync(site, { recursive: true })
const kept = new Set()
const keep = (name, content) => {
  kept.add(name)
  // A name with a fingerprint need not be written twice; robots.txt has none.
  if (name === 'robots.txt' || !existsSync(`${site}/${name}`)) writeFileSync(`${site}/${name}`, content())
}

for (const [name, content] of files) {
  if (name === 'robots.txt') {
    keep(name, () => content)
    continue
  }
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 10)
  const extension = extname(name)
  const printed = `${name.slice(0, -extension.length)}.${hash}${extension}`
  keep(`${printed}.br`, () => compress(name, content))
  keep(printed, () => content)
  if (kind === 'release') {
    const kb = (bytes) => `${(bytes / 1000).toFixed(1)} kB`.padStart(10)
    console.log(`${name.padEnd(16)}${kb(content.length)}${kb(readFileSync(`${site}/${printed}.br`).length)} brotli`)
  }
}

for (const name of readdirSync(site)) if (!kept.has(name)) rmSync(`${site}/${name}`, { recursive: true })
