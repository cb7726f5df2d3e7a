import type { Language } from '../state/page-state.ts';
import { en } from './en.ts';
import { es } from './es.ts';
import type { PageMessages } from './page-messages.ts';

/** The page's messages by language. */
export const pageMessages: Readonly<Record<Language, PageMessages>> = { en, es };
