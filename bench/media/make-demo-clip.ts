import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** What {@link makeDemoClip} works with. */
export interface DemoClipOptions {
  folder: string;
  environment: NodeJS.ProcessEnv;
}

/** What the model makes of a picture, by itself: `demo.webp`, through the command that a person would use. */
export async function makeDemoClip({ folder, environment }: DemoClipOptions): Promise<void> {
  const output = ['--output', join(folder, 'demo.webp'), '--seed', '7', '--loop', 'ping-pong'];
  const command = ['--import', 'tsx', 'src/main.ts', 'animate', 'assets/rocket.jpg', ...output];
  const status = await new Promise((resolve, reject) => {
    const child = spawn(process.execPath, command, { stdio: 'inherit', env: environment });
    child.once('error', reject).once('close', resolve);
  });
  if (status !== 0) throw new Error(`kinora animate ended with ${status}.`);
}
