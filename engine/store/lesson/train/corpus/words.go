package corpus

// The words of the model's small world. Each is one token inside a sentence (a
// test of package train sees to it), so that a fact costs as many tokens as it
// has words.
var (
	Names = words(`Pip Mia Tom Lily Max Ruby Finn Nora Oscar Ivy Hugo Bella Leo Daisy Jasper Wren
		Milo Hazel Otto Clara Felix Poppy Rufus Greta Basil Juno Toby Elsa Bruno Nell Anton Bram
		Celia Dora Edgar Flora Gus Hetty Ida Kit Lotta Mabel Ned Olga`)
	Animals = words(`rabbit fox bear mouse owl hedgehog squirrel badger otter frog duck goat
		cat dog turtle crow pony mole deer lamb`)
	Places = words(`mill pond bridge forest meadow garden river barn hill cave market tower
		beach orchard well church harbour field castle island bakery station school farm`)
	Things = words(`lamp key book bell drum kite hat coin map ring boat cup spoon clock ladder
		basket candle button mirror whistle rope flute shoe ball letter brush bucket scarf
		wheel hammer pillow violin kettle sled marble feather`)
	Colours    = words(`red blue green yellow white black brown silver golden purple grey orange`)
	Containers = words(`box chest bag jar trunk drawer case barrel crate safe`)
	Natures    = words(`little brave clever kind shy old young merry quiet curious proud lazy
		gentle hungry patient lonely cheerful sleepy polite silly careful noisy honest clumsy`)
	Looks = words(`small big shiny broken heavy tiny lovely dusty strange warm wet round
		pretty rusty soft crooked plain sticky handy fine`)
	Foods = words(`bread soup cheese cake honey apples berries nuts pie carrots porridge plums
		butter pears beans jam mushrooms cherries pancakes milk`)
	Skies  = words(`sunny rainy windy cold foggy snowy bright cloudy stormy mild`)
	Times  = words(`morning evening night day afternoon winter summer spring autumn`)
	Moods  = words(`happy sad tired glad afraid angry calm surprised thankful worried bored excited puzzled content`)
	Deeds  = words(`walked ran jumped danced hurried climbed wandered hopped crept strolled marched limped`)
	Voices = words(`said whispered cried called shouted asked laughed sang sighed mumbled`)
)
