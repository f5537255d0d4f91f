// What graphs are built with and how widely they are searched, alike for all that have a graph.
export const GRAPH = { m: 16, efConstruction: 200 };
export const EFS = [16, 32, 64, 128, 256].map((ef) => ({ name: `ef ${ef}`, ef }));
