export const sourceAddress = (name: string) => `/data/${encodeURIComponent(name)}`;
export const compareAddress = (name: string) => `${sourceAddress(name)}/compare`;
