/** A file of a package as one of the page's own, by its address. */
declare module "*?url" {
  const address: string;
  export default address;
}
