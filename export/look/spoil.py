"""Speech as it is heard elsewhere: in rooms, with noise, through telephones; many stretches at once, on any device."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from export.corpus import RATE

CLEAN = 0.25  # share that is left as it is
ROOM, COLOUR, TELEPHONE, NOISE, CLIPPED = 0.35, 0.4, 0.25, 0.6, 0.05  # shares of the rest
SPEECH, WHITE = 0.25, 0.25  # shares of noises that are other people's speech, and that are white
RATIO = (3.0, 25.0)  # dB of the phrase above noise
MU = 255.0


class Spoiler:
    """Spoils stretches [b, n].

    Attributes:
        rooms: [r, k] impulse responses.
        noise: [m] samples, int16, that noises are cut from.

    Args:
        rooms, noise: see above.
        speech: [m] samples, int16, that other people's speech is cut from.
    """

    def __init__(self, rooms: Tensor, noise: Tensor, speech: Tensor) -> None:
        self.rooms, self.noise, self._speech = rooms, noise, speech

    def __call__(self, x: Tensor, first: Tensor, last: Tensor) -> Tensor:
        """The stretches, spoiled; levels are those between samples `first` and `last` [b]."""
        b, n = x.shape
        spoilt = self._drawn(b, 1 - CLEAN)
        at = torch.arange(n, device=x.device)
        inside = ((at >= first[:, None]) & (at < last[:, None])).float()
        level = self._level(x, inside)
        y = self._filtered(x, spoilt)
        y = y * level / self._level(y, inside)
        y = y + self._noises(b, n, level) * (spoilt & self._drawn(b, NOISE))
        phone = spoilt & self._drawn(b, TELEPHONE)
        y = torch.where(phone, self._telephoned(y), y)
        top = y.abs().amax(1, keepdim=True) * self._uniform(b, 0.2, 0.7)
        return torch.where(spoilt & self._drawn(b, CLIPPED), torch.clamp(y, -top, top), y)

    def _uniform(self, b: int, low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(b, 1, device=self.rooms.device)

    def _drawn(self, b: int, share: float) -> Tensor:
        return torch.rand(b, 1, device=self.rooms.device) < share

    def _level(self, x: Tensor, inside: Tensor) -> Tensor:
        return ((x.square() * inside).sum(1, keepdim=True) / inside.sum(1, keepdim=True).clamp(min=1)).sqrt() + 1e-6

    def _filtered(self, x: Tensor, spoilt: Tensor) -> Tensor:
        b, n = x.shape
        size = 1 << (n + self.rooms.shape[1]).bit_length()
        response = self.rooms[torch.randint(len(self.rooms), (b,), device=x.device)].float()
        quiet = 10 ** (self._uniform(b, -12, 0) / 20)
        response = torch.cat([response[:, :1], response[:, 1:] * quiet], 1)
        room = torch.fft.rfft(response, size)
        room = torch.where(spoilt & self._drawn(b, ROOM), room, torch.ones_like(room))
        knots = torch.randn(b, 1, 8, device=x.device) * 4
        bins = torch.linspace(0, 1, size // 2 + 1, device=x.device).sqrt()
        curve = functional.grid_sample(
            knots[:, :, None],
            torch.stack([bins * 2 - 1, torch.zeros_like(bins)], -1)[None, None].expand(b, -1, -1, -1),
            align_corners=True,
        )[:, 0, 0]
        colour = 10 ** (curve * (spoilt & self._drawn(b, COLOUR)) / 20)
        filtered: Tensor = torch.fft.irfft(torch.fft.rfft(x, size) * room * colour, size)[:, :n]
        return filtered

    def _noises(self, b: int, n: int, level: Tensor) -> Tensor:
        white = torch.randn(b, n, device=level.device)
        cut = [self._cut(sound, b, n) for sound in (self.noise, self._speech)]
        which = torch.rand(b, 1, device=level.device)
        noise = torch.where(which < SPEECH, cut[1], torch.where(which < SPEECH + WHITE, white, cut[0]))
        power = noise.square().mean(1, keepdim=True).sqrt() + 1e-6
        ratio: Tensor = 10 ** (-self._uniform(b, *RATIO) / 20)
        return noise * (level / power) * ratio

    def _cut(self, sound: Tensor, b: int, n: int) -> Tensor:
        first = torch.randint(len(sound) - n, (b, 1), device=sound.device)
        return sound[first + torch.arange(n, device=sound.device)].float() / 32768

    def _telephoned(self, x: Tensor) -> Tensor:
        """Between 300 and 3,400 Hz, in 8 bits of mu-law."""
        spectrum = torch.fft.rfft(x)
        hertz = torch.linspace(0, RATE / 2, spectrum.shape[1], device=x.device)
        low, high = self._uniform(len(x), 100, 350), self._uniform(len(x), 3_200, 3_900)
        narrow = torch.fft.irfft(spectrum * ((hertz > low) & (hertz < high)), x.shape[1])
        top = narrow.abs().amax(1, keepdim=True) + 1e-6
        scaled = narrow / top
        small = torch.sign(scaled) * torch.log1p(MU * scaled.abs()) / math.log1p(MU)
        small = torch.round(small * 127) / 127
        heard: Tensor = torch.sign(small) * torch.expm1(small.abs() * math.log1p(MU)) / MU * top
        return heard
