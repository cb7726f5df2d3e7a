#!/usr/bin/env node
import { runCli, UnreadOutput } from './cli/run-cli.ts';
import { readEnvironment } from './config/environment.ts';
import { suspiciousVariables } from './config/suspicious-variables.ts';
import { JobCancelledError } from './errors.ts';

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    // The second signal means: now.
    if (interrupted.signal.aborted) process.exit(130);
    interrupted.abort(new JobCancelledError(`Interrupted by ${name}.`));
  });
}
for (const stream of [process.stdout, process.stderr]) {
  // A terminal that was closed, or a pipe that nobody reads any more (`| head`): what was begun is still taken away.
  stream.on('error', () => {
    if (!interrupted.signal.aborted) interrupted.abort(new UnreadOutput('Nobody reads the output any more.'));
  });
}

const environment = readEnvironment();
for (const warning of suspiciousVariables(environment)) process.stderr.write(`kinora: ${warning}\n`);

process.exitCode = await runCli(process.argv.slice(2), {
  // A getter: commands that ask nothing leave it unopened.
  get stdin() {
    return process.stdin;
  },
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interrupted.signal,
  environment,
});
