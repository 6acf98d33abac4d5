#pragma once
// Distribution functions that tests and intervals stand on (Boost.Math inside). Arguments outside
// of a distribution's domain give NaN, never an exception.

namespace quern::stats {

double NormalCdf(double z);
double NormalSf(double z);
/// p in (0, 1); 0 and 1 give -inf and +inf.
double NormalQuantile(double p);
double StudentTCdf(double t, double df);
double StudentTQuantile(double p, double df);
/// P(X > x) of chi-square with `df` degrees of freedom; +inf gives 0.
double ChiSquareSf(double x, double df);
/// P(X > x) of Fisher's F.
double FisherFSf(double x, double df1, double df2);
/// P(X <= k) of Binomial(n, p).
double BinomialCdf(double k, double n, double p);
/// P(X <= x) of Beta(a, b).
double BetaCdf(double x, double a, double b);
double BetaQuantile(double p, double a, double b);

/// P(D_n >= d) of the two-sided one-sample Kolmogorov statistic for n observations (scipy
/// kstwo.sf): Simard & L'Ecuyer (2011) choose among exact and asymptotic forms by n and d.
double KolmogorovSf(double d, double n);
/// P(W^2 > x) of the limiting Cramér–von Mises distribution (Csörgő & Faraway 1996, eq. 1.2).
double CramerVonMisesSf(double x);

}  // namespace quern::stats
