import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfigError } from '../errors.ts';

/** Where to listen: at `port`, or where that is taken and was not asked for, at any free one. */
export interface ListenAt {
  host: string;
  port: number;
  mustBePort: boolean;
}

/**
 * Starts to listen; resolves to the port.
 * @throws ConfigError `port-taken` or `host-invalid`
 */
export async function listen(server: Server, { host, port, mustBePort }: ListenAt): Promise<number> {
  try {
    await listenAt(server, host, port);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const isTaken = code === 'EADDRINUSE' || code === 'EACCES';
    if (isTaken && !mustBePort) {
      await listenAt(server, host, 0);
    } else if (isTaken) {
      throw new ConfigError('port-taken', `Port ${port} is taken or not allowed; try --port 0 for any free one.`, {
        cause,
      });
    } else {
      throw new ConfigError('host-invalid', `The playground cannot listen at ${host}; leave --host out.`, { cause });
    }
  }
  return (server.address() as AddressInfo).port;
}

function listenAt(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
