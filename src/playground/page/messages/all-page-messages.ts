import type { Language } from '../state/page-state.ts';
import { en } from './en.ts';
import { es } from './es.ts';
import type { PageMessages } from './page-messages.ts';

/** The page's texts by language. */
export const pageTexts: Readonly<Record<Language, PageMessages>> = { en, es };
