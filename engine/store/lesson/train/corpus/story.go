package corpus

import (
	"fmt"
	"strings"
)

// Story is a short story about a hero who finds something.
type Story struct {
	Text          string // [50 to 150 tokens]
	Name, Animal  string // who
	Colour, Thing string // what
	Place         string // where

	home, friend, friendAnimal string
	before, after              []int // forms of sentences not yet used: no story says a thing twice
}

// Story draws a story.
func (s *Source) Story() Story { return s.StoryAbout(s.pick(Animals)) }

// StoryAbout draws a story whose hero is this animal.
func (s *Source) StoryAbout(animal string) Story {
	t := s.cast(animal)
	said := []string{s.opening(&t)}
	for range s.Between(0, 2) {
		said = append(said, s.before(&t))
	}
	said = append(said, s.find(&t))
	for range s.Between(2, 4) {
		said = append(said, s.after(&t))
	}
	t.Text = strings.Join(append(said, s.closing(&t)), " ")
	return t
}

// cast draws who and what a story is about.
func (s *Source) cast(animal string) Story {
	t := Story{Name: s.pick(Names), Animal: animal, Colour: s.pick(Colours), Thing: s.pick(Things), Place: s.pick(Places)}
	t.home, t.friend, t.friendAnimal = s.other(Places, t.Place), s.other(Names, t.Name), s.other(Animals, animal)
	t.before, t.after = s.r.Perm(9), s.r.Perm(14)
	return t
}

// Who, What and Where are the parts of the summary, as answers to questions.
func (t Story) Who() string   { return t.Name + " the " + t.Animal }
func (t Story) What() string  { return an(t.Colour) + " " + t.Thing }
func (t Story) Where() string { return "at the " + t.Place }

// Summary is the line that says who found what where.
func (t Story) Summary() string {
	return fmt.Sprintf("%s found %s %s.", t.Who(), t.What(), t.Where())
}

func (s *Source) opening(t *Story) string {
	who := an(t.Animal)
	if s.chance(0.7) {
		who = an(s.pick(Natures) + " " + t.Animal)
	}
	switch s.r.IntN(9) {
	case 0:
		return fmt.Sprintf("Once there was %s, %s and %s. %s name was %s.", who, s.pick(Natures), s.pick(Natures), s.one("Its", "The "+t.Animal+"'s"), t.Name)
	case 1:
		return fmt.Sprintf("Once there was %s called %s who lived near the %s.", who, t.Name, t.home)
	case 2:
		return fmt.Sprintf("%s was %s. %s lived by the %s with %s.", t.Name, who, t.Name, t.home, s.chatter())
	case 3:
		return fmt.Sprintf("Long ago %s named %s lived by the %s %s.", who, t.Name, s.pick(Looks), t.home)
	case 4:
		return fmt.Sprintf("There was once %s, and everybody at the %s called it %s.", who, t.home, t.Name)
	case 5:
		return fmt.Sprintf("Once upon a time %s the %s lived near the %s %s.", t.Name, t.Animal, s.pick(Looks), t.home)
	case 6:
		return fmt.Sprintf("Once upon a time there was %s named %s, as %s as %s.", who, t.Name, s.pick(Natures), an(s.pick(Natures)+" "+s.other(Animals, t.Animal)))
	case 7:
		return fmt.Sprintf("In a %s house by the %s lived %s, %s.", s.pick(Looks), t.home, t.Name, who)
	}
	return fmt.Sprintf("One %s %s %s the %s woke up by the %s, %s and %s.", s.pick(Skies), s.pick(Times), t.Name, t.Animal, t.home, s.pick(Moods), s.pick(Moods))
}

// chatter is company that plays no part.
func (s *Source) chatter() string {
	return s.one("an aunt", "two brothers", "three sisters", "a cousin", "nobody else", "an uncle") + " and " + an(s.pick(Looks)+" "+s.pick(Things))
}

func (s *Source) before(t *Story) string {
	switch form(&t.before) {
	case 0:
		return fmt.Sprintf("It was a %s %s, and %s felt %s and %s.", s.pick(Skies), s.pick(Times), t.Name, s.pick(Moods), s.pick(Moods))
	case 1:
		return fmt.Sprintf("Every %s %s ate %s %s with %s.", s.pick(Times), t.Name, s.pick(Looks), s.pick(Foods), s.pick(Foods))
	case 2:
		return fmt.Sprintf("%s liked %s %s more than %s.", t.Name, s.pick(Looks), s.pick(Foods), s.pick(Foods))
	case 3:
		return fmt.Sprintf("One %s %s %s %s to the %s for some %s.", s.pick(Skies), s.pick(Times), t.Name, s.pick(Deeds), s.pick(Places), s.pick(Foods))
	case 4:
		return fmt.Sprintf("The %s was %s that %s, so %s %s to the %s.", s.pick(Places), s.pick(Skies), s.pick(Times), t.Name, s.pick(Deeds), s.pick(Places))
	case 5:
		return fmt.Sprintf("%s wanted to have %s for the %s.", t.Name, an(s.pick(Looks)+" "+s.pick(Things)), s.pick(Times))
	case 6:
		return fmt.Sprintf("The other animals said that %s was %s, %s and %s.", t.Name, s.pick(Natures), s.pick(Natures), s.pick(Natures))
	case 7:
		return fmt.Sprintf("%s could see the %s from the %s %s.", t.Name, s.pick(Places), s.pick(Looks), s.pick(Places))
	}
	return fmt.Sprintf("%s had %s, some %s and some %s.", t.Name, an(s.pick(Looks)+" "+s.pick(Things)), s.pick(Foods), s.pick(Foods))
}

// form takes the first form of sentence that is left.
func form(left *[]int) int {
	f := (*left)[0]
	*left = (*left)[1:]
	return f
}

// find is the sentence that the summary is made of.
func (s *Source) find(t *Story) string {
	what := t.What()
	if s.chance(0.85) {
		what = an(s.pick(Looks)) + " " + t.Colour + " " + t.Thing
	}
	switch s.r.IntN(7) {
	case 0:
		return fmt.Sprintf("At the %s %s found %s.", t.Place, t.Name, what)
	case 1:
		return fmt.Sprintf("One %s %s found %s at the %s.", s.pick(Times), t.Name, what, t.Place)
	case 2:
		return fmt.Sprintf("Then %s %s to the %s and found %s there.", t.Name, s.pick(Deeds), t.Place, what)
	case 3:
		return fmt.Sprintf("That %s, while it was %s, %s found %s near the %s.", s.pick(Times), s.pick(Skies), t.Name, what, t.Place)
	case 4:
		return fmt.Sprintf("%s looked under %s at the %s and found %s.", t.Name, an(s.pick(Looks)+" tree"), t.Place, what)
	case 5:
		return fmt.Sprintf("%s %s past the %s, and there %s found %s.", t.Name, s.pick(Deeds), t.Place, t.Name, what)
	}
	return fmt.Sprintf("Behind the %s, in the %s grass, %s found %s.", t.Place, s.pick(Looks), t.Name, what)
}

func (s *Source) after(t *Story) string {
	friend := t.friend + " the " + t.friendAnimal
	switch form(&t.after) {
	case 0:
		return fmt.Sprintf("\"What %s %s!\" %s %s.", an(s.pick(Looks)), t.Thing, s.pick(Voices), friend)
	case 1:
		return fmt.Sprintf("%s showed the %s to %s, who was %s and %s.", t.Name, t.Thing, friend, s.pick(Moods), s.pick(Natures))
	case 2:
		return fmt.Sprintf("\"Is this your %s?\" %s asked %s, who was %s.", t.Thing, t.Name, friend, s.pick(Moods))
	case 3:
		return fmt.Sprintf("%s was %s and %s all the way to the %s %s.", t.Name, s.pick(Moods), s.pick(Deeds), s.pick(Looks), s.pick(Places))
	case 4:
		return fmt.Sprintf("Then the %s fell into the %s %s, and %s was %s.", t.Thing, s.pick(Looks), s.pick(Foods), t.Name, s.pick(Moods))
	case 5:
		return fmt.Sprintf("%s gave %s some %s and %s for the %s.", friend, t.Name, s.pick(Foods), s.pick(Foods), t.Thing)
	case 6:
		return fmt.Sprintf("They took the %s to the %s %s and ate %s and %s there.", t.Thing, s.pick(Looks), s.pick(Places), s.pick(Foods), s.pick(Foods))
	case 7:
		return fmt.Sprintf("%s, who was %s and %s, %s away from the %s %s.", friend, s.pick(Natures), s.pick(Natures), s.pick(Deeds), s.pick(Looks), s.pick(Places))
	case 8:
		return fmt.Sprintf("\"I have lost my %s,\" %s %s, \"but I have %s.\"", s.pick(Things), s.pick(Voices), friend, s.pick(Foods))
	case 9:
		return fmt.Sprintf("The %s was %s and %s, but %s liked it.", t.Thing, s.pick(Looks), s.pick(Looks), t.Name)
	case 10:
		return fmt.Sprintf("In the %s it got %s, so %s and %s %s home.", s.pick(Times), s.pick(Skies), t.Name, t.friend, s.pick(Deeds))
	case 11:
		return fmt.Sprintf("\"You are %s,\" %s %s, and they shared the %s %s.", s.pick(Natures), s.pick(Voices), friend, s.pick(Looks), s.pick(Foods))
	case 12:
		return fmt.Sprintf("By %s the %s was %s, and %s %s about it.", s.one("noon", "dusk", "dawn", "midnight"), t.Thing, s.pick(Looks), t.Name, s.pick(Voices))
	}
	return fmt.Sprintf("%s hid the %s under %s for %s.", t.Name, t.Thing, an(s.pick(Looks)+" "+s.pick(Things)), friend)
}

func (s *Source) closing(t *Story) string {
	switch s.r.IntN(7) {
	case 0:
		return fmt.Sprintf("That %s %s slept with the %s, %s and %s.", s.pick(Times), t.Name, t.Thing, s.pick(Moods), s.pick(Moods))
	case 1:
		return fmt.Sprintf("From that %s on %s and %s were %s friends.", s.pick(Times), t.Name, t.friend, s.pick(Natures))
	case 2:
		return fmt.Sprintf("And so %s kept the %s until the next %s %s.", t.Name, t.Thing, s.pick(Skies), s.pick(Times))
	case 3:
		return fmt.Sprintf("In the end they all ate %s and %s and were %s.", s.pick(Foods), s.pick(Foods), s.pick(Moods))
	case 4:
		return fmt.Sprintf("Then %s went home to the %s, %s and %s.", t.Name, t.home, s.pick(Moods), s.pick(Moods))
	case 5:
		return fmt.Sprintf("The %s still hangs at the %s today, %s and %s.", t.Thing, t.home, s.pick(Looks), s.pick(Looks))
	}
	return fmt.Sprintf("%s the %s %s never lost the %s again.", t.Name, s.pick(Natures), t.Animal, t.Thing)
}
