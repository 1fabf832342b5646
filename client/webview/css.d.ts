// The bundler turns imported style sheets into dist/webview/simulator.css.
declare module "*.css";
