import type { Page } from '../page.ts';
import type { CommandForm } from '../state/command-form.ts';

/** What a field of the form draws from. */
export interface FieldOptions {
  form: CommandForm;
  page: Page;
  /** Gets the focus when the form opens. */
  isFirst: boolean;
}
