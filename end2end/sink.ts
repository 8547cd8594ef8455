import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('../tests/smtp_sink.py', import.meta.url))
const user = 'rekey:not a sëcret'

/** A mail as it arrived, taken apart by its reader's program. */
export class Letter {
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string

  constructor({ to, heads, text, html }: { to: string; heads: [string, string][]; text: string; html: string }) {
    ;[this.to, this.text, this.html] = [to, text, html]
    this.subject = heads.find(([name]) => name === 'Subject')![1]
  }

  /** The addresses of pages in its text. */
  get links(): string[] {
    return this.text.match(/https?:\/\/\S+/g) ?? []
  }

  /** The path of the link to such a page. */
  link(place: string): string {
    const found = this.links.find((link) => new URL(link).pathname.startsWith(place))
    if (!found || !this.html.includes(`href="${found}"`)) {
      throw new Error(`No link to ${place} in both parts of the mail “${this.subject}”:\n${this.text}`)
    }
    return new URL(found).pathname
  }
}

/** A mail server that lets in whoever shows its password over TLS, keeps what it takes, and refuses whom it is told to. */
export class Sink {
  static async open(tls: 'starttls' | 'implicit'): Promise<Sink> {
    const sink = new Sink(tls)
    Object.assign(sink, await sink.answer())
    return sink
  }

  /** The file with the certificate of the server. */
  readonly certificate!: string
  private readonly port!: number
  private readonly process: ChildProcessByStdio<Writable, Readable, null>
  private readonly lines: AsyncIterator<string>
  private readonly letters: Letter[] = []

  private constructor(private readonly tls: 'starttls' | 'implicit') {
    this.process = spawn(script, ['--tls', tls, '--user', user], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.process.on('error', () => {}) // its output ends, too
    this.process.stdin.on('error', () => {})
    this.lines = createInterface(this.process.stdout)[Symbol.asyncIterator]()
  }

  get url(): string {
    const [scheme, rest] = this.tls === 'implicit' ? ['smtps', ''] : ['smtp', '?tls=required']
    return `${scheme}://${user.split(':').map(encodeURIComponent).join(':')}@localhost:${this.port}${rest}`
  }

  /** Whose mails are refused for good from now on. */
  async refuse(addresses: string[]): Promise<void> {
    await this.ask({ refuse: addresses })
  }

  /** What has arrived by now, the newest first. */
  async newestFirst(): Promise<Letter[]> {
    const since = this.letters.length
    const arrived = (await this.ask({ arrived: since })) as ConstructorParameters<typeof Letter>[0][]
    // Somebody else may have asked meanwhile.
    this.letters.push(...arrived.slice(this.letters.length - since).map((mail) => new Letter(mail)))
    return [...this.letters].reverse()
  }

  close(): void {
    this.process.stdin.end()
  }

  private ask(command: object): Promise<unknown> {
    this.process.stdin.write(JSON.stringify(command) + '\n')
    return this.answer()
  }

  private async answer(): Promise<unknown> {
    const { value, done } = await this.lines.next()
    if (done) throw new Error(`${script} has ended. 'scripts/setup test' installs what it needs.`)
    return JSON.parse(value)
  }
}

/** A provider's gateway to phones, which keeps the messages that it is asked to send. */
export class Gateway {
  static async open(): Promise<Gateway> {
    const gateway = new Gateway()
    await new Promise<void>((done) => gateway.server.listen(0, '127.0.0.1', done))
    return gateway
  }

  private readonly messages: { to: string; text: string }[] = []
  private readonly server: Server

  private constructor() {
    this.server = createServer(async (request: IncomingMessage, response) => {
      this.messages.push(JSON.parse(Buffer.concat(await request.toArray()).toString()))
      response.end()
    })
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  /** The newest message to a number. */
  newest(number: string): string | undefined {
    return this.messages.filter(({ to }) => to === number).at(-1)?.text
  }

  close(): void {
    this.server.close()
    this.server.closeAllConnections()
  }
}
