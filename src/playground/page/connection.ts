import { type Action, type ActionResults, closeCode, type ServerMessage } from '../protocol.ts';

/** What the server answers to an action. */
type ResultOf<A extends Action> = A['do'] extends keyof ActionResults ? ActionResults[A['do']] : undefined;

/** The page's connection to the server; it reconnects by itself. */
export interface Connection {
  /** @throws Error with the server's reason */
  send<A extends Action>(action: A): Promise<ResultOf<A>>;
  /** Uploads a file. */
  upload(file: File): Promise<{ fileId: string }>;
}

/** What {@link connect} works with. */
export interface ConnectionOptions {
  /** The user to continue as; null: a new one. */
  userId: () => string | null;
  onMessage: (message: ServerMessage) => void;
  /** `isForGood`: the server refused the page, which must not reconnect. */
  onLost: (how: { isForGood: boolean }) => void;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

const firstPauseMs = 300;
const longestPauseMs = 4_000;

/** Opens the WebSocket `/live` and keeps it open. */
export function connect({ userId, onMessage, onLost }: ConnectionOptions): Connection {
  const waiting = new Map<number, Waiting>();
  let socket: WebSocket;
  let lastId = 0;
  let pauseMs = firstPauseMs;

  function open(): void {
    const user = userId();
    const url = new URL(user === null ? '/live' : `/live?user=${encodeURIComponent(user)}`, location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    socket = new WebSocket(url);
    socket.addEventListener('message', ({ data }) => onServerMessage(JSON.parse(String(data))));
    socket.addEventListener('close', ({ code }) => {
      for (const { reject } of waiting.values()) reject(new Error('The connection to the playground was lost.'));
      waiting.clear();
      const isForGood = (Object.values(closeCode) as number[]).includes(code);
      onLost({ isForGood });
      if (isForGood) return;
      setTimeout(open, pauseMs);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    });
  }

  function onServerMessage(message: ServerMessage): void {
    pauseMs = firstPauseMs;
    if (message.kind === 'done') waiting.get(message.id)?.resolve(message.value);
    else if (message.kind === 'refused') waiting.get(message.id)?.reject(new Error(message.reason));
    else onMessage(message);
    if (message.kind === 'done' || message.kind === 'refused') waiting.delete(message.id);
  }

  open();
  return {
    send<A extends Action>(action: A) {
      lastId += 1;
      const id = lastId;
      return new Promise<ResultOf<A>>((resolve, reject) => {
        if (socket.readyState !== WebSocket.OPEN) {
          reject(new Error('There is no connection to the playground.'));
          return;
        }
        waiting.set(id, { resolve: (value) => resolve(value as ResultOf<A>), reject });
        socket.send(JSON.stringify({ ...action, id }));
      });
    },
    async upload(file) {
      const response = await fetch(`/files?name=${encodeURIComponent(file.name)}`, { method: 'POST', body: file });
      const answer = await response.json();
      if (!response.ok) throw new Error(answer.reason);
      return answer;
    },
  };
}
