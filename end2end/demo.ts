import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Gateway, Sink } from './sink'

export type Engine = 'sqlite' | 'postgres'

const root = fileURLToPath(new URL('..', import.meta.url))
const rekey = resolve(root, process.env.REKEY_BIN ?? join(process.env.CARGO_TARGET_DIR ?? 'target', 'debug/rekey'))

/** Where mails and messages to phones go. */
type Servers = { mails: Sink; phones: Gateway }

/** A running `rekey demo` on a free port, with a folder and a database that go when it stops. */
export class Demo {
  /** With a mail server and a gateway to phones. */
  static async start(engine: Engine): Promise<Demo> {
    // Each of the two ways to encrypt what is said to a mail server.
    const mails = await Sink.open(engine === 'sqlite' ? 'starttls' : 'implicit')
    return Demo.startWith(engine, { mails, phones: await Gateway.open() })
  }

  /** As it is shown to whoever looks at Rekey: with a mailbox in place of servers. */
  static async startAlone(engine: Engine): Promise<Demo> {
    return Demo.startWith(engine)
  }

  get mails(): Sink {
    return this.servers!.mails
  }

  get phones(): Gateway {
    return this.servers!.phones
  }

  private static async startWith(engine: Engine, servers?: Servers): Promise<Demo> {
    const demo = new Demo(await freePort(), engine === 'postgres' ? Database.create() : undefined, servers)
    try {
      await demo.ready()
    } catch (error) {
      await demo.stop()
      throw error
    }
    return demo
  }

  readonly url: string
  private readonly folder = mkdtempSync(join(tmpdir(), 'rekey-demo-'))
  private readonly log = join(this.folder, 'server.log')
  private readonly listen: string
  private process!: ChildProcess

  private constructor(
    port: number,
    private readonly database?: Database,
    private readonly servers?: Servers,
  ) {
    this.listen = `127.0.0.1:${port}`
    // As the demo calls itself: a passkey needs a name.
    this.url = `http://localhost:${port}`
    this.spawn()
  }

  private spawn(): void {
    const log = openSync(this.log, 'a')
    const servers = this.servers ? ['--smtp-url', this.servers.mails.url, '--sms-url', this.servers.phones.url] : []
    this.process = spawn(rekey, ['demo', '--data', this.folder, '--listen', this.listen, ...servers], {
      cwd: root,
      env: this.env(),
      stdio: ['ignore', log, log],
    })
    this.process.on('error', () => {}) // ready() finds out
  }

  /** Kills the server, which has no time to tidy up. */
  async kill(): Promise<void> {
    const gone = new Promise((done) => this.process.once('exit', done))
    this.process.kill('SIGKILL')
    await gone
  }

  /** Goes on with the same people. */
  async restart(): Promise<void> {
    this.spawn()
    await this.ready()
  }

  /** What the database answers: lines of columns. */
  sql(text: string): string[] {
    const answer = this.database ? psql(text, this.database.url) : sqlite(text, join(this.folder, 'rekey.db'))
    return answer.split('\n').filter(Boolean)
  }

  /** Lets time go by for one person: whatever was sent to them is so much older, and so is their link. */
  older(address: string, minutes: number): void {
    const theirs = `user_id = (SELECT id FROM users WHERE address = '${address}')`
    const by = minutes * 60_000
    this.sql(`UPDATE outbox SET sent_at = sent_at - ${by}, created_at = created_at - ${by} WHERE ${theirs}`)
    this.sql(`UPDATE links SET issued_at = issued_at - ${by}, expires_at = expires_at - ${by} WHERE ${theirs}`)
  }

  /** Keeps PostgreSQL's lock of these rows until it is called off. */
  async hold(rows: string): Promise<() => void> {
    const holder = spawn('psql', ['--no-psqlrc', '--quiet', this.database!.url], { stdio: ['pipe', 'pipe', 'inherit'] })
    holder.stdin.write(`BEGIN;\n${rows} FOR UPDATE;\n\\echo held\n`)
    for await (const said of holder.stdout) if (String(said).includes('held')) break
    return () => holder.kill()
  }

  /** The last time step of which each user's code was given away: each counts once. */
  private readonly lastStep = new Map<string, number>()

  /**
   * Six digits of this demo user's authenticator that are taken now and were not given away before. The step before and the
   * one after are taken too. Nobody but a test asks for a fourth code within a minute and a half: instead of waiting for it,
   * those before are so much older.
   */
  async code(address: string): Promise<string> {
    const now = Date.now() / 1000
    const step = Math.floor(now / 30)
    // The one before is gone when the next begins.
    const first = now % 30 < 20 ? step - 1 : step
    let next = Math.max(first, (this.lastStep.get(address) ?? 0) + 1)
    if (next > step + 1) {
      const theirs = `kind = 'authenticator_app' AND user_id = (SELECT id FROM users WHERE address = '${address}')`
      this.sql(`UPDATE methods SET last_step = last_step - ${next - first} WHERE ${theirs}`)
      next = first
    }
    this.lastStep.set(address, next)
    const arguments_ = ['demo', 'code', address, '--at', String(next * 30), '--data', this.folder]
    // What it complains of is part of the error when it fails.
    return execFileSync(rekey, arguments_, { cwd: root, env: this.env(), encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
  }

  async stop(): Promise<void> {
    if (this.running()) {
      const gone = new Promise((done) => this.process.once('exit', done))
      this.process.kill('SIGTERM')
      await Promise.race([gone, sleep(5_000)])
      this.process.kill('SIGKILL')
    }
    this.servers?.mails.close()
    this.servers?.phones.close()
    this.database?.drop()
    rmSync(this.folder, { recursive: true, force: true })
  }

  private running(): boolean {
    return this.process.pid !== undefined && this.process.exitCode === null && this.process.signalCode === null
  }

  private async ready(): Promise<void> {
    const end = Date.now() + 30_000
    while (Date.now() < end && this.running()) {
      const answer = await fetch(`${this.url}/healthz`).catch(() => undefined)
      if (answer?.ok) return
      await sleep(50)
    }
    throw new Error(`${rekey} demo did not start. It said:\n${readFileSync(this.log, 'utf8')}`)
  }

  /** What the developer has set for Rekey is not for tests. */
  private env(): NodeJS.ProcessEnv {
    const mine = Object.entries(process.env).filter(([name]) => !name.startsWith('REKEY_'))
    return {
      ...Object.fromEntries(mine),
      ...(this.database && { REKEY_DATABASE_URL: this.database.url }),
      ...(this.servers && { SSL_CERT_FILE: this.servers.mails.certificate }),
    }
  }
}

/** A database of its own in the PostgreSQL that REKEY_TEST_POSTGRES_URL names. */
class Database {
  static create(): Database {
    const database = new Database(`rekey_${randomBytes(6).toString('hex')}`)
    psql(`CREATE DATABASE ${database.name}`)
    return database
  }

  readonly url: string

  private constructor(private readonly name: string) {
    const url = new URL(process.env.REKEY_TEST_POSTGRES_URL!)
    url.pathname = `/${name}`
    this.url = url.href
  }

  drop(): void {
    psql(`DROP DATABASE ${this.name} WITH (FORCE)`)
  }
}

function psql(command: string, url = process.env.REKEY_TEST_POSTGRES_URL!): string {
  const plain = ['--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--set', 'ON_ERROR_STOP=1']
  return execFileSync('psql', [...plain, '--command', command, url], { encoding: 'utf8' })
}

function sqlite(command: string, file: string): string {
  // The server writes too, and waits for its turn as this does.
  return execFileSync('sqlite3', ['-batch', '-bail', '-cmd', '.timeout 5000', file, command], { encoding: 'utf8' })
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => done(port))
    })
  })
}
