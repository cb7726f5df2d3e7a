import { type RunningBot, startBot } from '../../src/cli/app.ts';
import { modelCapabilities } from '../../src/cli/bot-parts.ts';
import type { RemoteWorkers } from '../../src/cli/bot-queue.ts';
import { InferenceError } from '../../src/errors.ts';
import { readModelInfo } from '../../src/inference/pipeline/model-info.ts';

/** What a bot of several hosts is told when it starts. */
export interface HostBotOrders {
  token: string;
  apiUrl: string;
  cdnHost: string;
  dataDir: string;
  modelDir: string;
  remote: RemoteWorkers;
}

const log = { debug() {}, info() {}, warn() {}, error: console.error };
const renderer = {
  async render(): Promise<never> {
    throw new InferenceError('render-process-start', 'This host makes no clips.', { scope: 'host' });
  },
};

/** A bot that makes no clips itself, with other times than those of every day. */
export async function startHostBot(orders: HostBotOrders): Promise<RunningBot> {
  const { token, apiUrl, cdnHost, dataDir, modelDir, remote } = orders;
  return startBot(
    {
      discordToken: token,
      discordApiUrl: apiUrl,
      attachmentHosts: [cdnHost],
      maxUploadBytes: 10 * 1024 * 1024,
      dataDir,
      provider: 'cpu',
      remote,
    },
    {
      workers: [{ name: 'encoder', lane: 'encode', renderer }],
      model: modelCapabilities(await readModelInfo(modelDir)),
      log,
      checkPicture: async () => {},
      readSettings: () => undefined,
      // No edit but that of the clip.
      editGapMs: 3_600_000,
    },
  );
}
