import { spawn } from 'node:child_process';
import type { CliIo } from './io.ts';

/** What {@link openInBrowser} looks at. */
export interface Desktop extends Pick<CliIo, 'environment'> {
  platform: NodeJS.Platform;
  /** Whether a person watches. */
  isTTY: boolean;
}

/**
 * The program that opens an address in the person's browser, with its arguments; undefined where there is no desktop or
 * nobody at it.
 */
export function browserCommand(url: string, { environment, platform, isTTY }: Desktop): string[] | undefined {
  if (!isTTY || (environment.CI ?? '') !== '') return undefined;
  if (platform === 'darwin') return ['open', url];
  // Not `start`, which belongs to cmd.exe and reads its arguments in its own way.
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler', url];
  return environment.DISPLAY || environment.WAYLAND_DISPLAY ? ['xdg-open', url] : undefined;
}

/** Opens an address in the person's browser, where there is one. Never throws: the address was printed as well. */
export function openInBrowser(url: string, desktop: Desktop): void {
  const [program, ...args] = browserCommand(url, desktop) ?? [];
  if (program === undefined) return;
  const child = spawn(program, args, { stdio: 'ignore', detached: true, windowsHide: true });
  child.on('error', () => {});
  child.unref();
}
