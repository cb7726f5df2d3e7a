/** A node of a syntax tree as oxc-parser gives it. */
export interface SyntaxNode {
  type: string;
  [field: string]: unknown;
}

/** Every node of a tree, parents before their children. */
export function nodesIn(tree: unknown): SyntaxNode[] {
  const nodes: SyntaxNode[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) {
      value.forEach(visit);
    } else if ('type' in value) {
      nodes.push(value as SyntaxNode);
      Object.values(value).forEach(visit);
    }
  };
  visit(tree);
  return nodes;
}
