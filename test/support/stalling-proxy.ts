import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A way to a TCP port that can fall silent, as a network does that loses every packet: nothing is closed. */
export interface StallingProxy {
  port: number;
  /** From now on nothing passes. */
  stall(): void;
  /** What was held up passes, and what follows. */
  resume(): void;
  close(): Promise<void>;
}

/** Opens a way to a port of this machine. */
export async function createStallingProxy(targetPort: number): Promise<StallingProxy> {
  const sockets = new Set<Socket>();
  let isStalled = false;

  function pass(from: Socket, to: Socket): void {
    sockets.add(from);
    from.on('data', (bytes) => to.write(bytes));
    from.on('error', () => {});
    from.once('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    if (isStalled) from.pause();
  }

  const server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1');
    pass(near, far);
    pass(far, near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: (server.address() as { port: number }).port,
    stall() {
      isStalled = true;
      for (const socket of sockets) socket.pause();
    },
    resume() {
      isStalled = false;
      for (const socket of sockets) socket.resume();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
