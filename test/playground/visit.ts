import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { ApiComponent, ApiMessage } from '../../src/fake-discord/payloads.ts';
import type { Change, Exchange } from '../../src/fake-discord/types.ts';
import type { Action, ActionResults, ServerMessage, Welcome } from '../../src/playground/protocol.ts';

type ResultOf<A extends Action> = A['do'] extends keyof ActionResults ? ActionResults[A['do']] : unknown;

/** Somebody with the page open, without the page. */
export interface Visitor {
  welcome: Welcome;
  /** Everything that was received, oldest first. */
  received: ServerMessage[];
  /** Rejects with the reason where the action is refused. */
  act<A extends Action>(action: A): Promise<ResultOf<A>>;
  /** The first value that `look` finds in what is received from now on or was received before. */
  waitFor<T>(look: (message: ServerMessage) => T | undefined): Promise<T>;
  /** The state of a message, now or when it is as wanted. */
  see(isWanted: (message: ApiMessage) => boolean): Promise<ApiMessage>;
  changes(): Change[];
  exchanges(): Exchange[];
  /** Resolves with the close code. */
  closed: Promise<number>;
  close(): void;
}

/** Visits a playground as a page does. */
export async function visit(url: string, { user }: { user?: string } = {}): Promise<Visitor> {
  const query = user === undefined ? '' : `?user=${user}`;
  const socket = new WebSocket(`${url.replace('http:', 'ws:')}live${query}`, { origin: url.slice(0, -1) });
  const received: ServerMessage[] = [];
  const listeners = new Set<() => void>();
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  socket.on('message', (raw) => {
    received.push(JSON.parse(String(raw)));
    for (const listener of [...listeners]) listener();
  });
  onTestFinished(() => socket.close());

  function waitFor<T>(look: (message: ServerMessage) => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      let next = 0;
      const listen = () => {
        for (; next < received.length; next += 1) {
          const found = look(received[next]!);
          if (found === undefined) continue;
          listeners.delete(listen);
          resolve(found);
          return;
        }
      };
      listeners.add(listen);
      void closed.then((code) => reject(new Error(`The playground closed the connection (${code}).`)));
      listen();
    });
  }

  let lastId = 0;
  const opened = waitFor((message) => (message.kind === 'welcome' ? message : undefined));
  return {
    welcome: await opened,
    received,
    waitFor,
    closed,
    async act<A extends Action>(action: A) {
      lastId += 1;
      const id = lastId;
      socket.send(JSON.stringify({ ...action, id }));
      const answer = await waitFor((message) => ('id' in message && message.id === id ? message : undefined));
      if (answer.kind === 'refused') throw new Error(answer.reason);
      return (answer.kind === 'done' ? answer.value : undefined) as ResultOf<A>;
    },
    see: (isWanted) =>
      waitFor((message) => {
        if (message.kind !== 'change' || !('message' in message.change)) return undefined;
        return isWanted(message.change.message) ? message.change.message : undefined;
      }),
    changes: () => received.flatMap((message) => (message.kind === 'change' ? [message.change] : [])),
    exchanges: () => received.flatMap((message) => (message.kind === 'exchanges' ? message.exchanges : [])),
    close: () => socket.close(),
  };
}

/** The custom id of a message's button. */
export function buttonOf(message: ApiMessage, label: string): string {
  const flat = (components: ApiComponent[]): ApiComponent[] =>
    components.flatMap((component) => [component, ...flat(component.components ?? [])]);
  return flat(message.components).find((component) => component.label === label)?.custom_id ?? `no ${label}`;
}
