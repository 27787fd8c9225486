pub mod niche; pub mod portfolio; pub mod rng; pub mod sections;
