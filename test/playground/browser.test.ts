import { afterAll } from 'vitest';
import { describeSwitches } from './browser-faults.ts';
import { describeFonts } from './browser-fonts.ts';
import { describeForm } from './browser-form.ts';
import { describeKeyboard } from './browser-keyboard.ts';
import { describeMouse } from './browser-mouse.ts';
import { describePeople } from './browser-people.ts';
import { describePlaces } from './browser-places.ts';
import { closeBrowser } from './browser-stage.ts';

// In one file, so that only one process loads Playwright, bundles the page and starts a Chromium.
describePeople();
describeForm();
describeMouse();
describePlaces();
describeSwitches();
describeKeyboard();
describeFonts();
afterAll(closeBrowser);
