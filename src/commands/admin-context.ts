import type { forgetUser } from '../queue/forget-user.ts';
import type { QueueMode } from '../queue/types.ts';
import type { Limits } from '../storage/limits.ts';
import type { Repositories } from '../storage/open-storage.ts';

/** What the commands work with that make no clips. */
export interface AdminContext {
  guildSettings: Repositories['guildSettings'];
  userSettings: Repositories['userSettings'];
  /** The operator's, which hold everywhere. */
  limits: Limits;
  /** Deletes what is kept about a user. */
  forget: (userId: string) => ReturnType<typeof forgetUser>;
  about: {
    kinora: string;
    node: string;
    model: string;
    /** What runs the model; undefined where that shows only with the first clip. */
    provider: () => string | undefined;
    retentionHours: number;
  };
  operator: Operator;
}

/** What only the application's owner may do. */
interface Operator {
  isOperator(userId: string): Promise<boolean>;
  /** Over restarts. */
  setMode(mode: QueueMode): Promise<void>;
  status(): { servers: number; startedAtMs: number };
  blocks: Repositories['blocks'];
  uses: Repositories['uses'];
}
