"""A believable city for any district of China: made from its true outline, and saying so."""
