import type { RunSubcommand } from './io.ts';

/** One word after `kinora`. Loaded only when it is asked for, so that `--help` stays instant. */
export interface Subcommand {
  name: string;
  description: string;
  load: () => Promise<{ run: RunSubcommand }>;
}

/** Every subcommand, in the order of the help text. Adding one is one line here and one file beside this one. */
export const subcommands: readonly Subcommand[] = [
  { name: 'animate', description: 'Turn a picture into a clip', load: () => import('./animate.ts') },
  { name: 'bot', description: 'Connect to Discord and serve', load: () => import('./bot.ts') },
  {
    name: 'demo',
    description: 'Animate a sample picture through the bot, without Discord',
    load: () => import('./demo.ts'),
  },
  {
    name: 'doctor',
    description: 'Try everything that the bot needs, GPUs above all',
    load: () => import('./doctor.ts'),
  },
  { name: 'inspect', description: 'Read back what a clip was made with', load: () => import('./inspect.ts') },
  { name: 'model', description: 'Fetch, look at and check the weights of a model', load: () => import('./model.ts') },
  {
    name: 'playground',
    description: 'Try the bot in the browser, without Discord',
    load: () => import('./playground.ts'),
  },
  { name: 'setup', description: 'Fetch the CUDA libraries of ONNX Runtime', load: () => import('./setup.ts') },
];
