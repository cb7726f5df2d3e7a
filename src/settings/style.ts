import { z } from 'zod';
import { UserError } from '../errors.ts';
import type { Kind } from './kinds.ts';

/** A style that can be chosen: an image network of the operator's, see docs/styles.md. */
export interface StyleName {
  name: string;
  /** Of the network and of what is said about it, 16 hexadecimal digits: another network under the same name has another. */
  hash: string;
}

/** Names of styles: what a shell, a message and a file can carry as it is. */
export const styleNamePattern = /^[\w-]{1,32}$/;

/** As jobs and clips keep it: with the hash, so that none is made with another network of that name. */
const stylePattern = /^([\w-]{1,32})(?:@([0-9a-f]{16}))?$/;

/** A style's name, maybe with its hash behind an @. */
export function style(): Kind<'style', string, z.ZodString> {
  const expected = "a style's name: letters, digits, - and _";
  return {
    kind: 'style',
    schema: z.string().regex(stylePattern),
    read: (text) => (stylePattern.test(text) ? { value: text } : { expected, found: text }),
    write: (value) => value,
    check: () => {},
    describe: () => "the names of STYLE_DIR's networks",
  };
}

/** A style as jobs and clips keep it. */
export function styleId({ name, hash }: StyleName): string {
  return `${name}@${hash}`;
}

/**
 * The style that is meant: by its name, or by name and hash.
 * @throws UserError `style-unknown`: there is none of that name, or it is another network by now
 */
export function findStyle<Style extends StyleName>(styles: readonly Style[], wanted: string): Style {
  const [, name, hash] = stylePattern.exec(wanted) ?? [];
  const found = styles.find((each) => each.name === name && (hash === undefined || each.hash === hash));
  if (found !== undefined) return found;
  const known = styles.map((each) => each.name);
  const message = `There is no style ${name ?? wanted} here${hash === undefined ? '' : ' as it was then'}. There are: ${known.join(', ') || 'none'}.`;
  throw new UserError('style-unknown', message, {
    details: { name: name ?? wanted.slice(0, 40), known: known.join(', ') },
  });
}
