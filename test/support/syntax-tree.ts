/** A node of a syntax tree as oxc-parser gives it. */
export interface SyntaxNode {
  type: string;
  [field: string]: unknown;
}

/** Every node of a tree, parents before their children. */
export function* nodesIn(value: unknown): Generator<SyntaxNode> {
  if (Array.isArray(value)) for (const item of value) yield* nodesIn(item);
  else if (typeof value === 'object' && value !== null && 'type' in value) {
    yield value as SyntaxNode;
    for (const item of Object.values(value)) yield* nodesIn(item);
  }
}
