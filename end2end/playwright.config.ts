import { defineConfig } from '@playwright/test'
import { existsSync } from 'node:fs'
import type { Options } from './fixtures'

const chromium = process.env.REKEY_CHROMIUM ?? '/usr/bin/chromium'

export default defineConfig<object, Options>({
  testDir: '.',
  outputDir: '../target/end2end/results',
  reporter: [['list'], ['json', { outputFile: '../target/end2end/report.json' }]],
  forbidOnly: !!process.env.CI,
  fullyParallel: true,
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  use: {
    locale: 'en-GB',
    timezoneId: 'UTC',
    actionTimeout: 10_000,
    screenshot: 'only-on-failure',
    launchOptions: {
      // Without a Chromium of the system's, Playwright's own.
      executablePath: existsSync(chromium) ? chromium : undefined,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  // A journey that only WASM can make carries the tag @wasm; all others have to work as plain HTML too. The browser does
  // not see the database, and services are tested on both: so WASM goes with one, plain HTML with the other. Only the main
  // job, @everywhere, is walked in all four ways. The one of a large reset, @batch, looks into PostgreSQL while it walks.
  projects: [
    { name: 'sqlite-wasm', use: { engine: 'sqlite' }, grepInvert: /@batch/ },
    { name: 'sqlite-nojs', use: { engine: 'sqlite', javaScriptEnabled: false }, grep: /@everywhere/ },
    ...(process.env.REKEY_TEST_POSTGRES_URL
      ? [
          { name: 'postgres-wasm', use: { engine: 'postgres' as const }, grep: /@everywhere|@batch/ },
          { name: 'postgres-nojs', use: { engine: 'postgres' as const, javaScriptEnabled: false }, grepInvert: /@wasm|@batch/ },
        ]
      : []),
  ],
})
