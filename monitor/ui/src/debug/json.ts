/** Here is JSON that somebody types: its value, or why it is none. */

export function checkedJson(text: string): { value: unknown; wrong: string | null } {
  try {
    return { value: JSON.parse(text) as unknown, wrong: null };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { value: undefined, wrong: `That is no JSON: ${error.message}` };
  }
}
