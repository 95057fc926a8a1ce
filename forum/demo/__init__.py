"""The demo community: made-up people and their talk, told again through the product's own actions."""
