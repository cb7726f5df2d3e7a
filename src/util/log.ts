/** One level of a {@link Log}: what belongs to the event, then the sentence. */
type LogMethod = (fields: object, message: string) => void;

/** What Kinora's folders ask of a logger; a pino logger is one. Never give it a token or a picture. */
export interface Log {
  debug: LogMethod;
  info: LogMethod;
  warn: LogMethod;
  error: LogMethod;
}
