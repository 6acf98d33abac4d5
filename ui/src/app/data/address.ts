export const sourceAddress = (name: string) => `/data/${encodeURIComponent(name)}`;
