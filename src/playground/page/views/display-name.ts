import type { ApiUser } from '../../../fake-discord/payloads.ts';

/** What a person is called in the conversation. */
export function displayName({ global_name, username }: Pick<ApiUser, 'global_name' | 'username'>): string {
  return global_name ?? username;
}
