import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** A mail server that keeps what it takes, and refuses whom it is told to. */
export class Sink {
  static async open(refused: (address: string) => boolean): Promise<Sink> {
    const sink = new Sink(refused)
    await new Promise<void>((done) => sink.server.listen(0, '127.0.0.1', done))
    return sink
  }

  private readonly mails = new Map<string, string>()
  private readonly sockets = new Set<Socket>()
  private readonly server: Server

  private constructor(public refused: (address: string) => boolean) {
    this.server = createServer((socket) => this.talk(socket))
  }

  get url(): string {
    return `smtp://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  /** The link in the newest mail to an address. */
  link(address: string): string | undefined {
    // A point at the beginning of a line came doubled (RFC 5321 §4.5.2), and quoted-printable breaks lines.
    const text = this.mails.get(address)?.replaceAll('\r\n..', '\r\n.').replaceAll('=\r\n', '').replaceAll('=3D', '=')
    return text?.match(/http:\/\/localhost:\d+\/recover\/[\w.-]+/)?.[0]
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy()
    this.server.close()
  }

  private talk(socket: Socket): void {
    this.sockets.add(socket)
    socket.on('close', () => this.sockets.delete(socket))
    socket.on('error', () => {})
    let [rest, to, mail] = ['', '', undefined as string | undefined]
    socket.write('220 sink\r\n')
    socket.on('data', (data) => {
      rest += data.toString()
      for (;;) {
        if (mail !== undefined) {
          const end = rest.indexOf('\r\n.\r\n')
          if (end < 0) return
          this.mails.set(to, rest.slice(0, end))
          ;[rest, mail] = [rest.slice(end + 5), undefined]
          socket.write('250 taken\r\n')
          continue
        }
        const end = rest.indexOf('\r\n')
        if (end < 0) return
        const line = rest.slice(0, end)
        rest = rest.slice(end + 2)
        const verb = line.slice(0, 4).toUpperCase()
        if (verb === 'RCPT') to = line.match(/<(.*)>/)![1]
        if (verb === 'RCPT' && this.refused(to)) {
          socket.write('550 5.1.1 No mailbox here\r\n')
        } else if (verb === 'DATA') {
          mail = ''
          socket.write('354 go on\r\n')
        } else if (verb === 'QUIT') {
          socket.end('221 bye\r\n')
        } else {
          socket.write('250 ok\r\n')
        }
      }
    })
  }
}
