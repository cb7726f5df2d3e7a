import type { FailNext } from '../../src/fake-discord/fail-next.ts';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { createRandom } from './random.ts';
import type { SoakJob } from './soak-people.ts';

/** What goes wrong at Discord's side, now and then. */
export interface Troubles {
  /** Perhaps something goes wrong now, with one of the jobs under way. */
  maybe(index: number, jobs: readonly SoakJob[]): void;
  summary(): string;
}

const editByToken = 'PATCH /webhooks/:application/:token/messages/:message';
const faults: Readonly<Record<string, FailNext>> = {
  'rate limit': { route: editByToken, status: 429, retryAfterSeconds: 0.3 },
  'server error': { route: editByToken, status: 503, times: 6 },
  'reset connection': { route: editByToken, resetConnection: true },
  'reset after the effect': { route: editByToken, resetConnection: true, afterEffect: true },
  'too large': {
    route: editByToken,
    status: 413,
    uploadsOnly: true,
    body: { message: 'Request entity too large', code: 40_005 },
  },
};

/** Troubles that follow from the seed. */
export function createTroubles(discord: FakeDiscord, seed: number): Troubles {
  const random = createRandom(seed + 1);
  const counts = new Map<string, number>();
  const count = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  const names = Object.keys(faults);

  return {
    maybe(index, jobs) {
      const dice = random();
      const name = names[Math.floor(random() * names.length)]!;
      const job = jobs[Math.floor(random() * jobs.length)];
      if (index % 7 === 3) {
        discord.failNext(faults[name]!);
        count(name);
      } else if (dice < 0.05 && job?.original()) {
        discord.deleteMessage({ messageId: job.original()!.id });
        count('message deleted');
      } else if (dice < 0.1 && job?.id !== undefined) {
        discord.expireToken(job.id);
        count('token expired');
      }
    },
    summary: () => [...counts].map(([name, times]) => `${name} ${times}`).join(', '),
  };
}
