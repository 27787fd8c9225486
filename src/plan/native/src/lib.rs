pub mod sections; pub mod niche;
