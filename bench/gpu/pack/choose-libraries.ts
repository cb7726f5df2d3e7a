import { describe } from '../describe.ts';

/** A place that may have CUDA's libraries. */
interface LibraryCandidate {
  name: string;
  /** What is copied beside the provider; none: the loader has to find all of them by itself. */
  folders: readonly string[];
}

interface ChooseOptions {
  /** The first that has everything is taken. One without folders is the system, tried as it is. */
  candidates: readonly LibraryCandidate[];
  /** Installs the provider with what the folders hold; tells which libraries are missing then. */
  install: (folders: readonly string[]) => Promise<readonly string[]>;
  tell: (line: string) => void;
}

/** Takes the first place that has every library of the right version; undefined where none has. */
export async function chooseLibraries({ candidates, install, tell }: ChooseOptions): Promise<string | undefined> {
  for (const [at, { name, folders }] of candidates.entries()) {
    if (at > 0 && folders.length === 0) {
      tell(`CUDA libraries: ${name} are not there`);
      continue;
    }
    try {
      const missing = await install(folders);
      if (missing.length === 0) {
        tell(`CUDA libraries: ${name} are taken`);
        return name;
      }
      tell(`CUDA libraries: ${name} lack ${missing.join(', ')}`);
    } catch (error) {
      tell(`CUDA libraries: ${name} cannot be taken: ${describe(error)}`);
    }
  }
  return undefined;
}
