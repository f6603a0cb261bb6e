// The browser's own menu prints as well; a button is shorter.
const button = document.getElementById("print");
button.hidden = false;
document.getElementById("how").hidden = true;
button.addEventListener("click", () => window.print());
