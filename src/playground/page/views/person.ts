import type { ApiUser } from '../../../fake-discord/payloads.ts';

/** The name that is shown for a user: the global name, or else the user name. */
export function displayName({ global_name, username }: Pick<ApiUser, 'global_name' | 'username'>): string {
  return global_name ?? username;
}

/** Background colours with enough contrast for white letters. */
const colours = ['#3b5ba9', '#8a4fbf', '#b0447f', '#a3472a', '#7a6114', '#2f7d4f', '#1d7a8c'] as const;

const cardCount = 14;
const known = new Map<string, string>();

/** Where the avatar is; for who has none, the initial on a colour or, for the bot, the logo (the drum of a kinora). */
export function avatarOf(user: ApiUser): string {
  if (user.avatar) return `/avatars/${user.id}/${user.avatar}.png`;
  const name = user.global_name ?? user.username;
  const key = `${user.id} ${name}`;
  const url =
    known.get(key) ?? `data:image/svg+xml,${encodeURIComponent(user.username === 'Kinora' ? kinora() : initial(name))}`;
  known.set(key, url);
  return url;
}

/** The first letter of a name on a colour, as a `data:` URL. */
export function letterPicture(name: string): string {
  return `data:image/svg+xml,${encodeURIComponent(initial(name))}`;
}

function initial(name: string): string {
  const colour = colours[[...name].reduce((sum, letter) => sum + letter.codePointAt(0)!, 0) % colours.length];
  const letter = ([...name.trim()][0] ?? '?').toUpperCase().replace(/[<>&"']/, '?');
  return picture(
    `<rect width="80" height="80" fill="${colour}"/><text x="40" y="54" text-anchor="middle" fill="#fff"
      font-family="Helvetica, Arial, sans-serif" font-weight="600" font-size="40">${letter}</text>`,
  );
}

/** The logo: a kinora's drum of picture cards seen from the side, with the lens in the middle. */
function kinora(): string {
  const cards = Array.from({ length: cardCount }, (_, index) => {
    const angle = (360 / cardCount) * index;
    const shade = index % 2 === 0 ? '#ffe3b3' : '#ffc66b';
    return `<rect x="36.5" y="9" width="7" height="19" rx="1.5" fill="${shade}" transform="rotate(${angle} 40 40)"/>`;
  });
  return picture(
    `<defs><linearGradient id="g" x1="0" y1="0" x2="1" y2="1"><stop stop-color="#6d3bd1"/>
      <stop offset="1" stop-color="#d1386f"/></linearGradient></defs>
    <rect width="80" height="80" fill="url(#g)"/>${cards.join('')}
    <circle cx="40" cy="40" r="14.5" fill="#2a1447"/><circle cx="40" cy="40" r="10" fill="#7f5be0"/>
    <path d="M36.5 34.5v11l9-5.5z" fill="#fff"/>`,
  );
}

function picture(inner: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 80" width="80" height="80">${inner}</svg>`;
}
