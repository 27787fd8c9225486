/** Reads a JSON document against a schema and a list of checks. Pure: the caller has the text. */
import type { z } from 'zod';
import { type ErrorCode, ReflowError } from '../base/error.js';

/** A schema says what a file looks like; each check rejects one mistake that a schema cannot see, by its message. */
export interface DocumentRules<T> {
  readonly code: ErrorCode;
  readonly schema: z.ZodType<T>;
  readonly checks: readonly ((value: T) => string | null)[];
}

/**
 * @param where names the file in messages
 * @throws ReflowError with `rules.code`: the first mistake that was found
 */
export function parseDocument<T>(rules: DocumentRules<T>, text: string, where: string): T {
  const wrong = (what: string, cause?: unknown) =>
    new ReflowError(rules.code, `${where}: ${what}`, `correct ${where}`, { cause });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw wrong(`is not JSON: ${error instanceof Error ? error.message : String(error)}`, error);
  }
  const result = rules.schema.safeParse(json);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw wrong(
      issue ? `${issue.path.join('.') || 'document'}: ${issue.message}` : 'is malformed',
      result.error,
    );
  }
  for (const check of rules.checks) {
    const mistake = check(result.data);
    if (mistake) throw wrong(mistake);
  }
  return result.data;
}
